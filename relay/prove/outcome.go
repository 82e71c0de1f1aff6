package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// outcome is what the tests of an experiment did.
type outcome struct {
	counts  map[string]int64
	ran     bool
	skipped map[string]bool // tests, whose reasons are the first that were met
	why     []string
	failed  []string // what they printed
	stopped bool     // before all had run
}

// row is a line of the table.
func (o *outcome) row(e *experiment) string {
	count := func(name string) string {
		if n, ok := o.counts[name]; ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}
	verdict := "held"
	if count("acknowledged") != "" {
		verdict = "0"
	}
	switch {
	case len(o.failed) > 0:
		verdict = "**not held**"
	case !o.ran:
		verdict = "not run"
	}
	if n := len(o.skipped); n > 0 {
		verdict += fmt.Sprintf(", %d skipped: %s", n, strings.Join(o.why, "; "))
	}
	if o.stopped {
		verdict += ", stopped"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", e.fault, count("times"), count("acknowledged"), verdict, count("repeated"))
}

// run runs the tests of an experiment so many times, or until ctx ends.
func (e *experiment) run(ctx context.Context, root string, count int) (*outcome, error) {
	o := &outcome{counts: map[string]int64{}, skipped: map[string]bool{}}
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-timeout=0", "-count="+strconv.Itoa(count), "-run", "^("+e.tests+")$", "./"+e.pkg)
	cmd.Dir = root
	// The tests are processes of that one, and end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
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
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		o.stopped = true
		return o, ctx.Err()
	case err != nil:
		return o, fmt.Errorf("%w: %s%s", err, strings.Join(o.failed, ""), stderr.String())
	case !o.ran && len(o.skipped) == 0:
		return o, errors.New("no test has run")
	}
	return o, nil
}

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Test, Output, Key, Value string
}

// trial is a test that runs, with its subtests.
type trial struct {
	printed map[string][]string
	parents map[string]bool // those of them that have subtests
	passed  int             // those that have none
	counts  map[string]int64
}

// read takes in what go test prints. A test that counts nothing itself has done as many
// times as it has subtests.
func (o *outcome) read(r io.Reader) {
	trials := map[string]*trial{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		top, _, below := strings.Cut(e.Test, "/")
		t := trials[top]
		if t == nil {
			t = &trial{map[string][]string{}, map[string]bool{}, 0, map[string]int64{}}
			trials[top] = t
		}
		switch e.Action {
		case "run":
			if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
				t.parents[e.Test[:i]] = true
			}
		case "attr":
			n, _ := strconv.ParseInt(e.Value, 10, 64)
			t.counts[e.Key] += n
		case "output":
			t.printed[e.Test] = append(t.printed[e.Test], e.Output)
		case "pass":
			if !t.parents[e.Test] {
				t.passed++
			}
		case "skip":
			o.skipped[e.Test] = true
			if why := reason(t.printed[e.Test]); !slices.Contains(o.why, why) {
				o.why = append(o.why, why)
			}
		case "fail":
			o.failed = append(o.failed, t.printed[e.Test]...)
		}
		if ended := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"; ended && !below {
			o.add(t)
			delete(trials, top)
		}
	}
	for _, top := range slices.Sorted(maps.Keys(trials)) { // stopped
		o.add(trials[top])
	}
	io.Copy(io.Discard, r)
}

// add adds what a test has done.
func (o *outcome) add(t *trial) {
	if _, ok := t.counts["times"]; !ok && t.passed > 0 {
		t.counts["times"] = int64(t.passed)
	}
	for key, n := range t.counts {
		o.counts[key] += n
		o.ran = true
	}
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
