package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// TestExperimentsExist: each test that an experiment or a bug names is there.
func TestExperimentsExist(t *testing.T) {
	named := map[string][]string{}
	for _, e := range experiments {
		named[e.pkg] = append(named[e.pkg], strings.Split(e.tests, "|")...)
	}
	for _, b := range bugs {
		named[b.pkg] = append(named[b.pkg], strings.Split(b.run, "|")...)
	}
	for pkg, tests := range named {
		var source strings.Builder
		files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
		for _, test := range tests {
			if !regexp.MustCompile(`(?m)^func ` + test + `\(t \*testing\.T\)`).MatchString(source.String()) {
				t.Errorf("%s has no %s", pkg, test)
			}
		}
	}
}

// TestBugsFit: what a bug replaces is in its file, once.
func TestBugsFit(t *testing.T) {
	for _, b := range bugs {
		if _, err := b.into(root); err != nil {
			t.Errorf("%s: %v", b.name, err)
		}
	}
}

// TestProve runs an experiment, as the program does, and reads what it counts.
func TestProve(t *testing.T) {
	e := experiment{"a tail torn at every byte", "history/internal/segment", "TestTornAtEveryByte", 1}
	o, err := e.run(t.Context(), root, 2)
	if err != nil {
		t.Fatal(err)
	}
	if o.counts["times"] < 100 || !strings.HasSuffix(o.row(&e), " |  | held |  |") {
		t.Errorf("got %s", o.row(&e))
	}
	e.tests = "TestOfNothing"
	if _, err := e.run(t.Context(), root, 1); err == nil {
		t.Error("no test has run, and nobody says so")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := e.run(stopped, root, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("after a stop: %v", err)
	}
}

// TestOnly: a text that is nowhere is a mistake.
func TestOnly(t *testing.T) {
	if err := prove(t.Context(), t.Output(), root, "nowhere", false); !errors.Is(err, errNothing) {
		t.Errorf("experiments: %v", err)
	}
	if err := showTeeth(t.Context(), t.Output(), root, "nowhere"); !errors.Is(err, errNothing) {
		t.Errorf("bugs: %v", err)
	}
}

// TestRows reads what go test -json prints.
func TestRows(t *testing.T) {
	for name, c := range map[string]struct{ printed, want string }{
		"counted": {`{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"times","Value":"4"}
{"Action":"attr","Test":"TestA","Key":"acknowledged","Value":"100"}
{"Action":"attr","Test":"TestA","Key":"repeated","Value":"2"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"times","Value":"4"}
{"Action":"attr","Test":"TestA","Key":"acknowledged","Value":"50"}
{"Action":"attr","Test":"TestA","Key":"repeated","Value":"0"}
{"Action":"pass","Test":"TestA"}
`, "| f | 8 | 150 | 0 | 2 |"},
		"one counts, one has cases, one is a case": {`{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestA/one"}
{"Action":"attr","Test":"TestA/one","Key":"times","Value":"3"}
{"Action":"pass","Test":"TestA/one"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"run","Test":"TestB/one"}
{"Action":"run","Test":"TestB/two"}
{"Action":"pass","Test":"TestB/one"}
{"Action":"pass","Test":"TestB/two"}
{"Action":"pass","Test":"TestB"}
{"Action":"run","Test":"TestC"}
{"Action":"pass","Test":"TestC"}
`, "| f | 6 |  | held |  |"},
		"partly skipped": {`{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"acknowledged","Value":"7"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"    b_test.go:7: needs root\n"}
{"Action":"skip","Test":"TestB"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"    b_test.go:7: needs root\n"}
{"Action":"skip","Test":"TestB"}
`, "| f | 1 | 7 | 0, 1 skipped: needs root |  |"},
		"skipped": {`{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"    b_test.go:7: needs root\n"}
{"Action":"skip","Test":"TestB"}
`, "| f |  |  | not run, 1 skipped: needs root |  |"},
		"failed": {`{"Action":"run","Test":"TestC"}
{"Action":"output","Test":"TestC","Output":"    c_test.go:9: lost e-1\n"}
{"Action":"attr","Test":"TestC","Key":"times","Value":"1"}
{"Action":"fail","Test":"TestC"}
`, "| f | 1 |  | **not held** |  |"},
		"stopped": {`{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"times","Value":"3"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestA"}
`, "| f | 3 |  | held |  |"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &outcome{counts: map[string]int64{}, skipped: map[string]bool{}}
			o.read(strings.NewReader(c.printed))
			if got := o.row(&experiment{fault: "f"}); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
