package command_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sidehook/history/historytest"
	"sidehook/relay/command"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sidehook": func() { os.Exit(command.Main(os.Args[1:])) },
	})
}

// TestScripts runs the commands as a shell would. Each script starts in a folder with
// testdata/fixture: a webhooks.yaml, and a history with all kinds of lines; "later"
// has lines that come after these. A line of a history has a checksum, so an edit by
// hand damages it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup:         setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"until":    until,
			"fill":     fill,
			"generate": generate,
		},
	})
}

func setup(env *testscript.Env) error {
	if err := os.CopyFS(env.WorkDir, os.DirFS("testdata/fixture")); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Join(env.WorkDir, ".tmp"), 0o700); err != nil {
		return err
	}
	receiver := httptest.NewServer(http.HandlerFunc(receive))
	env.Defer(receiver.Close)
	address, err := freeAddress()
	if err != nil {
		return err
	}
	env.Setenv("TZ", "UTC")
	env.Setenv("RECEIVER", receiver.URL)
	env.Setenv("ADDRESS", address)
	return nil
}

// receive is a receiver that fails at /fail.
func receive(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/fail" {
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "kaputt \x1b[31mred")
		return
	}
	w.Header().Set("X-Trace", "t1")
	io.WriteString(w, `{"ok":true}`)
}

// exits runs a command that must end with an exit code: exits 2 sidehook …
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// until runs a command again until it succeeds: until sidehook …
func until(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		if err = ts.Exec(args[0], args[1:]...); err == nil {
			return
		}
	}
	ts.Check(fmt.Errorf("not within %v: %w", patience, err))
}

// generate writes a history with that many attempts: generate FOLDER ATTEMPTS.
func generate(ts *testscript.TestScript, _ bool, args []string) {
	attempts, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(historytest.Generate(context.Background(), ts.MkAbs(args[0]), historytest.Options{Attempts: attempts, Seed: 1}))
}

// fill writes a file with its $NAMES filled in: fill FILE TO.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}
