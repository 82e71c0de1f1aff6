package main

import (
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
	o, err := e.run(root, 2)
	if err != nil {
		t.Fatal(err)
	}
	if o.counts["times"] < 100 || o.passed != 2 || o.row(&e) == "" {
		t.Errorf("got %+v", o)
	}
}

// TestRead reads what go test -json prints.
func TestRead(t *testing.T) {
	o := &outcome{counts: map[string]int64{}}
	o.read(strings.NewReader(`{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestA/one"}
{"Action":"attr","Test":"TestA/one","Key":"times","Value":"3"}
{"Action":"pass","Test":"TestA/one"}
{"Action":"attr","Test":"TestA","Key":"times","Value":"4"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB"}
{"Action":"output","Test":"TestB","Output":"    b_test.go:7: needs root\n"}
{"Action":"skip","Test":"TestB"}
{"Action":"run","Test":"TestC"}
{"Action":"output","Test":"TestC","Output":"    c_test.go:9: lost e-1\n"}
{"Action":"fail","Test":"TestC"}
`))
	if o.passed != 1 || o.why != "needs root" || o.counts["times"] != 7 || len(o.failed) != 1 {
		t.Errorf("got %+v", o)
	}
	e := experiment{fault: "f", pkg: "p", tests: "TestA"}
	if got, want := o.row(&e), "| f | 7 |  | **not held** |  | `p` TestA |"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
