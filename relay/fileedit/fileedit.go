// Package fileedit changes webhooks.yaml and the files of include: it finds the file of
// a webhook, makes the change in its text, and judges the result as a reload would.
//
// It promises that a file is replaced only if the result is valid and the file is still
// the one that was read, and that all else in it stays byte for byte. It prints nothing:
// what there is to say is returned.
//
// The commands that edit the file call it, and the relay for the console.
package fileedit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"sidehook/config"
	"sidehook/config/edit"
)

// Files are webhooks.yaml and its files of include, as they were when they were opened.
type Files struct {
	Main string
	Now  config.Reading

	mode config.Mode
	text map[string][]byte // of the files that were read here; nil: there is none
	docs map[string]edit.Document
}

// Open reads the file at a path, and what belongs to it. Values ${…} are filled in as
// mode says. A file that is not valid can be opened, too: Now has its problems.
func Open(path string, mode config.Mode) (*Files, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &Files{Main: path, Now: config.Read(path, mode), mode: mode, text: map[string][]byte{path: text}, docs: map[string]edit.Document{}}, nil
}

// Text returns the text of a file, nil if it is still to be made.
func (f *Files) Text(path string) ([]byte, error) {
	if text, known := f.text[path]; known {
		return text, nil
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f.text[path] = text
	return text, nil
}

// UnknownError says that no file has a webhook.
type UnknownError struct {
	Name  string
	Known []string // all that there are
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no webhook %q", e.Name) }

// ExistsError says that there is a webhook of a name already.
type ExistsError struct {
	Name string
	Path string // of the file that has it
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("there is a webhook %q already in %s", e.Name, e.Path)
}

// InvalidError says that a file has errors, so that it cannot be changed.
type InvalidError struct {
	Path     string
	Problems config.Problems
	Need     string // what it must be, and for what
}

func (e *InvalidError) Error() string { return e.Path + " must be " + e.Need }

// doc returns a file as a document.
func (f *Files) doc(path string) (edit.Document, error) {
	if doc, known := f.docs[path]; known {
		return doc, nil
	}
	text, err := f.Text(path)
	if err != nil {
		return edit.Document{}, err
	}
	doc, err := edit.Parse(text)
	if err == nil {
		f.docs[path] = doc
	}
	return doc, err
}

// Of returns the file that has a webhook. The error is an *UnknownError, or why a file
// cannot be read.
func (f *Files) Of(name string) (string, error) {
	main, err := f.doc(f.Main)
	if err != nil || main.Webhook(name) >= 0 {
		return f.Main, nil // a file that is no YAML is what the change complains of
	}
	for _, in := range f.Now.Included {
		if text, err := f.Text(in.Path); err == nil && bytes.Contains(text, []byte(name)) && f.has(in.Path, name) {
			return in.Path, nil
		}
	}
	known := main.Webhooks()
	for _, in := range f.Now.Included {
		if doc, err := f.doc(in.Path); err == nil {
			known = append(known, doc.Webhooks()...)
		}
	}
	return "", &UnknownError{Name: name, Known: known}
}

// For returns the file to which a new webhook is added: webhooks.yaml, or the file of
// include that is named, which need not exist. The error is an *ExistsError if there is
// such a webhook.
func (f *Files) For(name, include string) (string, error) {
	if path, err := f.Of(name); err == nil && (path != f.Main || f.has(path, name)) {
		return "", &ExistsError{Name: name, Path: path}
	}
	if include == "" {
		return f.Main, nil
	}
	if f.Now.File == nil {
		return "", &InvalidError{Path: f.Main, Problems: f.Now.Problems, Need: "valid before a file of include can be changed"}
	}
	path, ok := f.Now.File.IncludePath(include)
	if !ok {
		return "", fmt.Errorf("%s is no file of include in %s; add it there first, such as include: [webhooks.d/*.yaml]", include, f.Main)
	}
	_, err := f.Text(path)
	return path, err
}

func (f *Files) has(path, name string) bool {
	doc, err := f.doc(path)
	return err == nil && doc.Webhook(name) >= 0
}

// Says reports whether the file gives a webhook that value of enabled or paused already,
// be it by default.
func (f *Files) Says(name, key, value string) bool {
	if f.Now.File == nil {
		return false
	}
	i := slices.IndexFunc(f.Now.File.Webhooks, func(w *config.Webhook) bool { return w.Name == name })
	if i < 0 {
		return false
	}
	now := f.Now.File.Webhooks[i].Enabled
	if key == "paused" {
		now = f.Now.File.Webhooks[i].Paused
	}
	return fmt.Sprint(now) == value
}
