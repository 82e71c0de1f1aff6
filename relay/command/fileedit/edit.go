// Package fileedit is how the commands that change webhooks.yaml look to people: their
// flags, and what they print. A webhook is added, changed, removed or switched, and a
// first file is written.
//
// It promises that neither a file nor a secret that is there is overwritten. What
// relay/fileedit promises of an edit holds.
//
// The commands of relay/command call it.
package fileedit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/command/names"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
	"sidehook/relay/fileedit"
)

// Editor changes webhooks.yaml and the files of include.
type Editor struct {
	Config   string // the file, "" for the one that is found
	Out, Err *terminal.Screen
	DryRun   bool // only print what would change
}

// open reads the files.
func (e *Editor) open() (*fileedit.Files, error) {
	path, err := config.Find(e.Config)
	if err != nil {
		return nil, err
	}
	return fileedit.Open(path, config.Check)
}

// openOf reads the files, and returns which one has a webhook.
func (e *Editor) openOf(name string) (files *fileedit.Files, path string, err error) {
	if files, err = e.open(); err != nil {
		return nil, "", err
	}
	path, err = files.Of(name)
	if unknown, ok := errors.AsType[*fileedit.UnknownError](err); ok {
		err = errors.New(names.UnknownWebhook(name, unknown.Known))
	}
	return files, path, err
}

// openFor reads the files, and returns the one to which a webhook is added.
func (e *Editor) openFor(name, include string) (files *fileedit.Files, path string, err error) {
	if files, err = e.open(); err != nil {
		return nil, "", err
	}
	path, err = files.For(name, include)
	if exists, ok := errors.AsType[*fileedit.ExistsError](err); ok {
		in := ""
		if exists.Path != files.Main {
			in = " in " + exists.Path
		}
		err = fmt.Errorf("there is a webhook %q already%s; to change it: sidehook webhook edit %[1]s", name, in)
	}
	return files, path, e.explain(err)
}

// explain prints the problems of a file that cannot be changed, and says that nothing
// was written.
func (e *Editor) explain(err error) error {
	if invalid, ok := errors.AsType[*fileedit.InvalidError](err); ok {
		report.PrintProblems(e.Err, invalid.Problems)
		return fmt.Errorf("nothing was written: %w", err)
	}
	if _, ok := errors.AsType[*fileedit.RefusedError](err); ok {
		return fmt.Errorf("%w; nothing was written", err)
	}
	return err
}

// edit changes a file and writes it if the result is valid. done says what was done;
// with DryRun the difference is printed in its place, and nothing is written.
func (e *Editor) edit(files *fileedit.Files, path, done string, do func(edit.Document) (edit.Document, error)) error {
	change, err := files.Change(fileedit.Step{Path: path, Do: do})
	switch {
	case err != nil:
		return e.explain(err)
	case len(change.Edited) == 0:
		e.Out.Linef("nothing to change in %s", path)
		return nil
	case change.Problems != nil:
		report.PrintProblems(e.Err, slices.DeleteFunc(slices.Clone(change.Problems), func(p config.Problem) bool { return p.Warning }))
		if allow := fileedit.ProposedAllow(change.Problems); allow != nil {
			e.Err.Noticef("to reach an address on this machine or network, add --allow %s", strings.Join(allow, " --allow "))
		}
		return errors.New("nothing was written: the file would not be valid")
	}
	report.PrintProblems(e.Err, change.Warnings)
	if e.DryRun {
		e.printDiff(change.Edited[0].Diff())
		return nil
	}
	if err := change.Write(); err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	e.Out.Linef("%s", fmt.Sprintf(done, path))
	return nil
}

// printDiff prints what an edit changes, as diff -u does.
func (e *Editor) printDiff(text string) {
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
