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
)

// Step is a change of one file.
type Step struct {
	Path string
	Do   func(edit.Document) (edit.Document, error)
}

// Change is what steps make of the files. It has not been written.
type Change struct {
	// Problems are the errors and warnings of the files that would be refused. Nil: the
	// result is valid.
	Problems config.Problems
	// Warnings are those that the change brings.
	Warnings config.Problems
	// After is the result as a reload would read it.
	After config.Reading
	// Edited are the files that change, none if nothing does.
	Edited []Edited

	main string
}

// Edited is a file that changes. Before is nil if it is to be made.
type Edited struct {
	Path          string
	Before, After []byte
}

// RefusedError says that a change cannot be made in the text of a file, and where.
type RefusedError struct {
	Path string
	Line int // from 1
	Why  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s:%d: %s; change it in an editor", e.Path, e.Line, e.Why)
}

// Change makes steps, one after the other, and judges the result. The error is an
// *InvalidError for a file that is no YAML, a *RefusedError, or that of a step.
func (f *Files) Change(steps ...Step) (*Change, error) {
	texts := map[string][]byte{}
	var paths []string
	for _, s := range steps {
		text, begun := texts[s.Path]
		if !begun {
			var err error
			if text, err = f.Text(s.Path); err != nil {
				return nil, err
			}
			paths = append(paths, s.Path)
		}
		doc, err := edit.Parse(text)
		if err != nil {
			return nil, &InvalidError{Path: s.Path, Problems: f.problems(f.read(map[string][]byte{s.Path: text}), []string{s.Path}), Need: "valid YAML before a command can change it"}
		}
		changed, err := s.Do(doc)
		var refused *edit.Refusal
		switch {
		case errors.As(err, &refused):
			return nil, &RefusedError{Path: s.Path, Line: refused.Line, Why: refused.Why}
		case err != nil:
			return nil, err
		}
		texts[s.Path] = changed.Text()
	}
	c := &Change{main: f.Main, After: f.Now}
	for _, path := range paths {
		if before := f.text[path]; bytes.Equal(before, texts[path]) {
			delete(texts, path)
		} else {
			c.Edited = append(c.Edited, Edited{path, before, texts[path]})
		}
	}
	if len(c.Edited) == 0 {
		return c, nil
	}
	c.After = f.read(texts)
	if c.Problems = f.problems(c.After, paths); c.Problems == nil {
		c.Warnings = newWarnings(f.Now, c.After)
	}
	return c, nil
}

// read reads all files, with texts in place of some.
func (f *Files) read(texts map[string][]byte) config.Reading {
	on := config.Basis{Text: texts}
	if f.Now.File != nil {
		on.Last = &f.Now
	}
	return config.ReadOn(f.Main, f.mode, on)
}

// problems returns why files are refused in a reading, nil if none of them is.
func (f *Files) problems(r config.Reading, paths []string) (list config.Problems) {
	if r.File == nil {
		return r.Problems
	}
	for _, in := range r.File.Refused() {
		if slices.Contains(paths, in.Path) {
			list = append(list, in.Problems...)
		}
	}
	return list
}

// newWarnings returns the warnings that one reading has and another one has not.
func newWarnings(before, after config.Reading) config.Problems {
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
	return slices.DeleteFunc(slices.Clone(after.File.Warnings), func(p config.Problem) bool {
		known[about(p)]--
		return known[about(p)] >= 0
	})
}

// Write replaces the files that change, or makes them. The error wraps edit.ErrChanged
// if one is not what was read any more.
func (c *Change) Write() error {
	for i, e := range c.Edited {
		write := func() error { return edit.Write(e.Path, e.Before, e.After) }
		if e.Before == nil {
			write = func() error { return edit.Create(e.Path, e.After, c.main) }
		}
		if err := write(); err != nil && i > 0 {
			return fmt.Errorf("%s was written, and then: %w", c.Edited[i-1].Path, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Diff returns what changes in the file, as diff -u prints it.
func (e *Edited) Diff() string {
	return string(diff.Diff(e.Path, e.Before, e.Path+" (edited)", e.After))
}

// ProposedAllow returns the words of allow that lift the rules which problems are about,
// nil if a URL breaks none.
func ProposedAllow(problems config.Problems) (words []string) {
	for _, p := range problems {
		if !strings.HasSuffix(p.Path, ".url") {
			continue
		}
		for _, word := range []string{"http", "any-host"} {
			if strings.Contains(p.Hint, "allow: ["+word+"]") && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	if len(words) > 0 {
		words = append(words, "127.0.0.0/8")
	}
	return words
}
