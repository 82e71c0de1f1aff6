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
	"sidehook/relay/command/names"
	"sidehook/relay/command/report"
)

// target is the file that an edit changes: webhooks.yaml, or a file of include.
type target struct {
	main string // webhooks.yaml
	path string
	text []byte         // nil if the file is still to be made
	now  config.Reading // of all files, before the edit
}

// mainFile returns webhooks.yaml.
func (e *Editor) mainFile() (*target, error) {
	path, err := config.Find(e.Config)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &target{main: path, path: path, text: text, now: config.Read(path, config.Check)}, nil
}

// fileOf returns the file that has a webhook.
func (e *Editor) fileOf(name string) (*target, error) {
	t, err := e.mainFile()
	if err != nil {
		return nil, err
	}
	known, found := t.find(name)
	if !found {
		return nil, errors.New(names.UnknownWebhook(name, known))
	}
	return t, nil
}

// find makes the target the file that has a webhook. If there is none it returns all
// names.
func (t *target) find(name string) (names []string, found bool) {
	doc, err := edit.Parse(t.text)
	if err != nil || doc.Webhook(name) >= 0 {
		return nil, true // a file that is no YAML is what the edit complains of
	}
	names = doc.Webhooks()
	for _, in := range t.now.Included {
		text, err := os.ReadFile(in.Path)
		if err != nil {
			continue
		}
		doc, err := edit.Parse(text)
		if err != nil {
			continue
		}
		if bytes.Contains(text, []byte(name)) && doc.Webhook(name) >= 0 {
			t.path, t.text = in.Path, text
			return nil, true
		}
		names = append(names, doc.Webhooks()...)
	}
	return names, false
}

// fileFor returns the file to which a new webhook is added: webhooks.yaml, or the file
// of include that is named, which need not exist.
func (e *Editor) fileFor(name, file string) (*target, error) {
	t, err := e.mainFile()
	if err != nil {
		return nil, err
	}
	there := *t
	if _, found := there.find(name); found && (there.path != t.path || hasWebhook(t.text, name)) {
		in := ""
		if there.path != t.main {
			in = " in " + there.path
		}
		return nil, fmt.Errorf("there is a webhook %q already%s; to change it: sidehook webhook edit %[1]s", name, in)
	}
	if file == "" {
		return t, nil
	}
	if t.now.File == nil {
		report.PrintProblems(e.Err, t.now.Problems)
		return nil, fmt.Errorf("nothing was written: %s must be valid before a file of include can be changed", t.main)
	}
	path, ok := t.now.File.IncludePath(file)
	if !ok {
		return nil, fmt.Errorf("%s is no file of include in %s; add it there first, such as include: [webhooks.d/*.yaml]", file, t.main)
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t.path, t.text = path, text
	return t, nil
}

func hasWebhook(text []byte, name string) bool {
	doc, err := edit.Parse(text)
	return err == nil && doc.Webhook(name) >= 0
}

// read reads all files, with a text in place of that of the target.
func (t *target) read(text []byte) config.Reading {
	on := config.Basis{Text: map[string][]byte{t.path: text}}
	if t.now.File != nil {
		on.Last = &t.now
	}
	return config.ReadOn(t.main, config.Check, on)
}

// problems returns why the target is refused in a reading, nil if it is not.
func (t *target) problems(r config.Reading) config.Problems {
	if r.File == nil {
		return r.Problems
	}
	for _, in := range r.File.Refused() {
		if in.Path == t.path {
			return in.Problems
		}
	}
	return nil
}

// write replaces the text of the target, or makes it.
func (t *target) write(text []byte) error {
	if t.text == nil {
		return edit.Create(t.path, text, t.main)
	}
	return edit.Write(t.path, t.text, text)
}

// says reports whether the file, as it is, gives a webhook that value of enabled
// or paused already, be it by default.
func (t *target) says(name, key, value string) bool {
	file := t.now.File
	if file == nil {
		return false
	}
	i := slices.IndexFunc(file.Webhooks, func(w *config.Webhook) bool { return w.Name == name })
	if i < 0 {
		return false
	}
	now := file.Webhooks[i].Enabled
	if key == "paused" {
		now = file.Webhooks[i].Paused
	}
	return fmt.Sprint(now) == value
}
