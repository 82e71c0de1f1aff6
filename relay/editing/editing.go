// Package editing changes webhooks in webhooks.yaml and its files of include for the
// console: it shows an entry as a form, makes an edit in memory to review it, and saves it
// only if the files are still those that were reviewed. It returns once the edit is in
// force or refused. Nothing that it returns or logs has a secret in it, but for one that
// it has just made. relay calls it, and reloads the files that it writes.
package editing

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/history/event"
	"sidehook/relay/admin"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
)

// Relay is the relay as an editor uses it. It is for concurrent use.
type Relay interface {
	// InForce returns the configuration in force.
	InForce() InForce
	// Newest visits events, the newest first, back to a time. It stops after a number of
	// events or a duration, and then reports that there are more. Without a history
	// there are none.
	Newest(since time.Time, most int, limit time.Duration, visit func(*event.Event)) (more bool, err error)
	// Waiting returns how many deliveries wait for a webhook.
	Waiting(webhook string) int
}

// InForce is the configuration in force, and the edits that were rejected since.
type InForce struct {
	File     *config.File
	Loaded   time.Time
	Refused  error // why the last edit was rejected; nil if it was not
	Rejected int   // edits so far
}

// webhook returns an entry in force, nil if there is none of that name.
func (f *InForce) webhook(name string) *config.Webhook {
	for _, w := range f.File.Webhooks {
		if w.Name == name {
			return w
		}
	}
	return nil
}

// Editor is a console.Editor, which documents its methods. Edits wait for each other.
type Editor struct {
	relay Relay
	log   *slog.Logger
	seed  maphash.Seed // of the sums of files
	mu    sync.Mutex   // held by the edit that is being made
}

// New makes an editor of the files of the configuration in force.
func New(relay Relay, log *slog.Logger) *Editor {
	return &Editor{relay: relay, log: log, seed: maphash.MakeSeed()}
}

// Writable returns why the relay may not write the file.
func (e *Editor) Writable(context.Context) error { return edit.Writable(e.relay.InForce().File.Path) }

// Form returns a webhook as it stands in its file. Only its own lines are parsed, so
// that a page is as quick with ten thousand webhooks.
func (e *Editor) Form(_ context.Context, name string) (*editor.Form, error) {
	file := e.relay.InForce().File
	main, err := os.ReadFile(file.Path)
	if err != nil {
		return nil, err
	}
	form := &editor.Form{Name: name, File: Absolute(file.Path)}
	texts := map[string][]byte{file.Path: main}
	var entry *yaml.Node
	if name != "" {
		found, err := e.find(name, main)
		if err != nil {
			return nil, err
		}
		entry, form.File, texts[found.path] = found.entry, Absolute(found.path), found.text
		form.YAML = maskedEntry(found.lines)
	} else {
		for _, in := range file.Included {
			form.Files = append(form.Files, in.Path)
		}
	}
	form.Base = e.baseOf(texts)
	defaults, err := fileedit.Defaults(main)
	if err != nil {
		return nil, notYAML(file.Path)
	}
	fillKeys(form, entry, defaults)
	e.fillEvents(form, entry, file)
	return form, nil
}

// found is a webhook as it stands in a file.
type found struct {
	path  string
	text  []byte // of the file
	entry *yaml.Node
	lines []byte // of the entry
}

// find finds a webhook, with the text of the main file.
func (e *Editor) find(name string, main []byte) (f found, err error) {
	in := func(path string, text []byte) (bool, error) {
		entry, lines, err := fileedit.Entry(text, name)
		f = found{path, text, entry, lines}
		return entry != nil, err
	}
	active := e.relay.InForce()
	if w := active.webhook(name); w != nil && w.File() != active.File.Path {
		if text, err := os.ReadFile(w.File()); err == nil {
			if ok, err := in(w.File(), text); ok {
				return f, nil
			} else if err != nil {
				return f, notYAML(f.path)
			}
		}
	}
	if ok, err := in(active.File.Path, main); ok {
		return f, nil
	} else if err != nil {
		return f, notYAML(f.path)
	}
	// It is in another file of include, and not in force from there yet.
	files, err := fileedit.Open(active.File.Path, config.Run)
	if err != nil {
		return f, err
	}
	path, err := files.Of(name)
	if err != nil {
		return f, notInFile(err)
	}
	text, err := files.Text(path)
	if err != nil {
		return f, err
	}
	if ok, err := in(path, text); !ok || err != nil {
		return f, notYAML(f.path)
	}
	return f, nil
}

// notYAML returns the error of a file in which nothing can be found.
func notYAML(path string) error {
	return &admin.UnprocessableError{Problem: path + " is not valid YAML now; correct it in an editor first"}
}

// notInFile returns the error of admin for a webhook that no file has, and any other
// error as it is.
func notInFile(err error) error {
	if unknown, ok := errors.AsType[*fileedit.UnknownError](err); ok {
		return &admin.NotFoundError{What: fmt.Sprintf("webhook %q in the file", unknown.Name)}
	}
	return err
}

// baseOf returns a sum of files. It means something to this process alone.
func (e *Editor) baseOf(texts map[string][]byte) string {
	var sum maphash.Hash
	sum.SetSeed(e.seed)
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&sum, "%q %d %t ", path, len(texts[path]), texts[path] == nil)
		sum.Write(texts[path])
	}
	return strconv.FormatUint(sum.Sum64(), 16)
}
