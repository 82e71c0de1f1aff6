package command

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/relay/command/terminal"
)

// edit changes a file and writes it if the result is valid. done says what was done;
// with dryRun the difference is printed in its place, and nothing is written.
func (c *cli) edit(t *target, dryRun bool, done string, change func(edit.Document) (edit.Document, error)) error {
	path, before := t.path, t.text
	doc, err := edit.Parse(before)
	if err != nil {
		c.printProblems(t.problems(t.read(before)))
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
		c.out.Linef("nothing to change in %s", path)
		return nil
	}
	reading := t.read(changed.Text())
	if problems := t.problems(reading); problems != nil {
		c.printProblems(slices.DeleteFunc(slices.Clone(problems), func(p config.Problem) bool { return p.Warning }))
		if allow := proposedAllow(problems); allow != "" {
			c.notice("to reach an address on this machine or network, add %s", allow)
		}
		return errors.New("nothing was written: the file would not be valid")
	}
	c.printNewWarnings(t.now, reading)
	if dryRun {
		c.printDiff(path, before, changed.Text())
		return nil
	}
	if err := t.write(changed.Text()); err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	c.out.Linef("%s", fmt.Sprintf(done, path))
	return nil
}

// printNewWarnings prints the warnings that the edit brings.
func (c *cli) printNewWarnings(before, after config.Reading) {
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
	c.printProblems(slices.DeleteFunc(slices.Clone(after.File.Warnings), func(p config.Problem) bool {
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
func (c *cli) printDiff(path string, before, after []byte) {
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
		c.out.Line(c.out.Paint(style, line))
	}
}
