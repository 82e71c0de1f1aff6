package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	long := flag.Bool("long", false, "repeat the experiments that are left to chance, for hours")
	teeth := flag.Bool("teeth", false, "write a bug into the program, one after the other: the tests must find it")
	only := flag.String("only", "", "only the experiments whose fault, or the bugs whose name, has this text")
	flag.Parse()
	root, err := moduleRoot()
	if err == nil && *teeth {
		err = showTeeth(os.Stdout, root, *only)
	} else if err == nil {
		err = prove(os.Stdout, root, *only, *long)
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

// where says when and on what machine a table was made.
func where() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %s %s, %d cores, %s", time.Now().Format(time.DateOnly), runtime.GOOS, bytes.TrimSpace(kernel), runtime.NumCPU(), runtime.Version())
}

// prove runs the experiments, and prints a line for each.
func prove(out io.Writer, root, only string, long bool) error {
	fmt.Fprintf(out, "%s\n\n| fault | times | acknowledged | lost | repeated | tests |\n| --- | --- | --- | --- | --- | --- |\n", where())
	var broken []string
	for _, e := range experiments {
		if !strings.Contains(e.fault, only) {
			continue
		}
		count := 1
		if long {
			count = max(e.long, 1)
		}
		o, err := e.run(root, count)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s: %v", e.fault, err))
		}
		fmt.Fprintln(out, o.row(&e))
	}
	if len(broken) > 0 {
		return fmt.Errorf("not held:\n%s", strings.Join(broken, "\n"))
	}
	return nil
}

// outcome is what the tests of an experiment did.
type outcome struct {
	passed int // tests and their subtests that have none themselves
	counts map[string]int64
	why    string   // a test was skipped
	failed []string // what they printed
}

// row is a line of the table.
func (o *outcome) row(e *experiment) string {
	count := func(name string) string {
		if n, ok := o.counts[name]; ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}
	times, lost := cmp.Or(count("times"), strconv.Itoa(o.passed)), ""
	if count("acknowledged") != "" {
		lost = "0"
	}
	switch {
	case len(o.failed) > 0:
		lost = "**not held**"
	case o.passed == 0:
		times, lost = "0", "skipped: "+o.why
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | `%s` %s |", e.fault, times, count("acknowledged"), lost, count("repeated"), e.pkg, strings.ReplaceAll(e.tests, "|", ", "))
}

// run runs the tests of an experiment so many times.
func (e *experiment) run(root string, count int) (*outcome, error) {
	o := &outcome{counts: map[string]int64{}}
	cmd := exec.Command("go", "test", "-json", "-timeout=0", "-count="+strconv.Itoa(count), "-run", "^("+e.tests+")$", "./"+e.pkg)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return o, err
	}
	o.read(stdout)
	if err := cmd.Wait(); err != nil {
		return o, fmt.Errorf("%w: %s%s", err, strings.Join(o.failed, ""), stderr.String())
	}
	return o, nil
}

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Test, Output, Key, Value string
}

// read takes in what go test prints.
func (o *outcome) read(r io.Reader) {
	printed := map[string][]string{}
	parents := map[string]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		switch e.Action {
		case "run":
			delete(printed, e.Test)
			if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
				parents[e.Test[:i]] = true
			}
		case "attr":
			n, _ := strconv.ParseInt(e.Value, 10, 64)
			o.counts[e.Key] += n
		case "output":
			printed[e.Test] = append(printed[e.Test], e.Output)
		case "pass":
			if !parents[e.Test] {
				o.passed++
			}
		case "skip":
			o.why = reason(printed[e.Test])
		case "fail":
			o.failed = append(o.failed, printed[e.Test]...)
		}
	}
	io.Copy(io.Discard, r)
}

// reason is why a test was skipped: what it printed after FILE:LINE.
func reason(printed []string) string {
	for _, line := range printed {
		if _, rest, ok := strings.Cut(line, "_test.go:"); ok {
			_, text, _ := strings.Cut(rest, ": ")
			return strings.TrimSpace(text)
		}
	}
	return "without a reason"
}

// showTeeth prints which test finds each bug.
func showTeeth(out io.Writer, root, only string) error {
	fmt.Fprintf(out, "%s\n\n| bug | found by |\n| --- | --- |\n", where())
	var missed error
	for _, b := range bugs {
		if !strings.Contains(b.name, only) {
			continue
		}
		caught, err := b.bite(root)
		if err != nil {
			missed = errors.Join(missed, fmt.Errorf("%s: %w", b.name, err))
			caught = "**nobody**"
		}
		fmt.Fprintf(out, "| %s | `%s` %s |\n", b.name, b.pkg, caught)
	}
	return missed
}
