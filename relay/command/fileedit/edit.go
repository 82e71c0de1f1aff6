// Package fileedit changes webhooks.yaml, and the files of include, for the commands
// that do: a webhook is added, changed, removed or switched, and a first file is written.
//
// It promises that a file is replaced only by one that is valid, that all else in it
// stays byte for byte, and that neither a file nor a secret that is there is overwritten.
//
// The commands of relay/command call it.
package fileedit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
)

// Editor changes webhooks.yaml and the files of include.
type Editor struct {
	Config   string // the file, "" for the one that is found
	Out, Err *terminal.Screen
	DryRun   bool // only print what would change
}

// edit changes a file and writes it if the result is valid. done says what was done;
// with DryRun the difference is printed in its place, and nothing is written.
func (e *Editor) edit(t *target, done string, change func(edit.Document) (edit.Document, error)) error {
	path, before := t.path, t.text
	doc, err := edit.Parse(before)
	if err != nil {
		report.PrintProblems(e.Err, t.problems(t.read(before)))
		return fmt.Errorf("nothing was written: %s must be valid YAML before a command can change it", path)
	}
	changed, err := change(doc)
	var refused *edit.Refusal
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s:%d: %s; change it in an editor; nothing was written", path, refused.Line, refused.Why)
	case err != nil:
		return err
	case bytes.Equal(changed.Text(), before):
		e.Out.Linef("nothing to change in %s", path)
		return nil
	}
	reading := t.read(changed.Text())
	if problems := t.problems(reading); problems != nil {
		report.PrintProblems(e.Err, slices.DeleteFunc(slices.Clone(problems), func(p config.Problem) bool { return p.Warning }))
		if allow := proposedAllow(problems); allow != "" {
			e.Err.Noticef("to reach an address on this machine or network, add %s", allow)
		}
		return errors.New("nothing was written: the file would not be valid")
	}
	e.printNewWarnings(t.now, reading)
	if e.DryRun {
		e.printDiff(path, before, changed.Text())
		return nil
	}
	if err := t.write(changed.Text()); err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	e.Out.Linef("%s", fmt.Sprintf(done, path))
	return nil
}

// printNewWarnings prints the warnings that the edit brings.
func (e *Editor) printNewWarnings(before, after config.Reading) {
	// The place and the name of a webhook may be others now.
	about := func(p config.Problem) string {
		_, key, _ := strings.Cut(p.Path, ")")
		return key + " " + p.Message
	}
	known := map[string]int{}
	if before.File != nil {
		for _, p := range before.File.Warnings {
			known[about(p)]++
		}
	}
	report.PrintProblems(e.Err, slices.DeleteFunc(slices.Clone(after.File.Warnings), func(p config.Problem) bool {
		known[about(p)]--
		return known[about(p)] >= 0
	}))
}

// proposedAllow returns the flags that lift the rules which problems are about, ""
// if a URL breaks none.
func proposedAllow(problems config.Problems) string {
	var flags []string
	for _, p := range problems {
		if !strings.HasSuffix(p.Path, ".url") {
			continue
		}
		for _, word := range []string{"http", "any-host"} {
			if strings.Contains(p.Hint, "allow: ["+word+"]") && !slices.Contains(flags, "--allow "+word) {
				flags = append(flags, "--allow "+word)
			}
		}
	}
	if len(flags) > 0 {
		flags = append(flags, "--allow 127.0.0.0/8")
	}
	return strings.Join(flags, " ")
}

// printDiff prints what an edit changes, as diff -u does.
func (e *Editor) printDiff(path string, before, after []byte) {
	text := string(diff.Diff(path, before, path+" (edited)", after))
	for i, line := range terminal.CleanLines(text) {
		style := terminal.Normal
		switch {
		case i < 3 && (strings.HasPrefix(line, "diff") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++")):
			style = terminal.Bold
		case strings.HasPrefix(line, "+"):
			style = terminal.Green
		case strings.HasPrefix(line, "-"):
			style = terminal.Red
		}
		e.Out.Line(e.Out.Paint(style, line))
	}
}
