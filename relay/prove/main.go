package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	long := flag.Bool("long", false, "repeat the experiments that are left to chance, for some 35 minutes")
	teeth := flag.Bool("teeth", false, "write a bug into the program, one after the other: the tests must find it")
	only := flag.String("only", "", "only the experiments whose fault, or the bugs whose name, has this text")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := moduleRoot()
	if err == nil {
		began := time.Now()
		fmt.Println(where())
		fmt.Println()
		if *teeth {
			err = showTeeth(ctx, os.Stdout, root, *only)
		} else {
			err = prove(ctx, os.Stdout, root, *only, *long)
		}
		fmt.Printf("\nIt took %s.\n", time.Since(began).Round(time.Second))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

// moduleRoot returns the folder of the module that the working directory is in.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	path := strings.TrimSpace(string(out))
	if path == "" || path == os.DevNull {
		return "", errors.New("not in the source tree of sidehook")
	}
	return filepath.Dir(path), nil
}

// where says when, on what machine and by which command a table was made.
func where() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	command := "go run ./relay/prove"
	for _, arg := range os.Args[1:] {
		if strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		command += " " + arg
	}
	return fmt.Sprintf("%s, %d cores, %s %s, %s: `%s`", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, bytes.TrimSpace(kernel), runtime.Version(), command)
}

// errNothing is the error of an -only that leaves nothing.
var errNothing = errors.New("nothing has this text")

// prove runs the experiments, and prints a line for each when it has ended. Where ctx ends,
// that is what has been counted until then.
func prove(ctx context.Context, out io.Writer, root, only string, long bool) error {
	fmt.Fprint(out, "| fault | times | acknowledged | lost | repeated |\n| --- | --: | --: | --- | --: |\n")
	broken := errNothing
	for _, e := range experiments {
		if !strings.Contains(e.fault, only) || ctx.Err() != nil {
			continue
		}
		if broken == errNothing {
			broken = nil
		}
		count := 1
		if long {
			count = max(e.long, 1)
		}
		o, err := e.run(ctx, root, count)
		if err != nil {
			broken = errors.Join(broken, fmt.Errorf("%s: %w", e.fault, err))
		}
		fmt.Fprintln(out, o.row(&e))
	}
	return broken
}

// showTeeth prints which test finds each bug.
func showTeeth(ctx context.Context, out io.Writer, root, only string) error {
	fmt.Fprint(out, "| bug | found by |\n| --- | --- |\n")
	missed := errNothing
	for _, b := range bugs {
		if !strings.Contains(b.name, only) || ctx.Err() != nil {
			continue
		}
		if missed == errNothing {
			missed = nil
		}
		caught, err := b.bite(ctx, root)
		if err != nil {
			missed = errors.Join(missed, fmt.Errorf("%s: %w", b.name, err))
			caught = "**nobody**"
		}
		fmt.Fprintf(out, "| %s | `%s` %s |\n", b.name, b.pkg, caught)
	}
	return missed
}
