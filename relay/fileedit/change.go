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

// Edited is a file that changes.
type Edited struct {
	Path          string
	Before, After edit.Document // the text before is nil if the file is to be made
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
	docs := map[string]edit.Document{}
	var paths []string
	for _, s := range steps {
		doc, begun := docs[s.Path]
		if !begun {
			var err error
			if doc, err = f.doc(s.Path); err != nil {
				return nil, f.invalid(s.Path, err)
			}
			paths = append(paths, s.Path)
		}
		changed, err := s.Do(doc)
		var refused *edit.Refusal
		switch {
		case errors.As(err, &refused):
			return nil, &RefusedError{Path: s.Path, Line: refused.Line, Why: refused.Why}
		case err != nil:
			return nil, err
		}
		docs[s.Path] = changed
	}
	c := &Change{main: f.Main, After: f.Now}
	texts := map[string][]byte{}
	for _, path := range paths {
		if before, after := f.docs[path], docs[path]; !bytes.Equal(before.Text(), after.Text()) {
			texts[path] = after.Text()
			c.Edited = append(c.Edited, Edited{path, before, after})
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

// invalid returns the error of a file that cannot be read as a document.
func (f *Files) invalid(path string, err error) error {
	text, known := f.text[path]
	if !known {
		return err
	}
	return &InvalidError{
		Path: path, Problems: f.problems(f.read(map[string][]byte{path: text}), []string{path}),
		Need: "valid YAML before a command can change it",
	}
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
		write := func() error { return edit.Write(e.Path, e.Before.Text(), e.After.Text()) }
		if e.Before.Text() == nil {
			write = func() error { return edit.Create(e.Path, e.After.Text(), c.main) }
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
	return string(diff.Diff(e.Path, e.Before.Text(), e.Path+" (edited)", e.After.Text()))
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
