package relay

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/config/mask"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/admin"
	"sidehook/relay/console"
	"sidehook/relay/fileedit"
)

// editor is a Relay as console.Editor and console.Source, which document the methods.
type editor Relay

// editState is what edits by the console share.
type editState struct {
	sync.Mutex              // held by the edit that is being made
	seed       maphash.Seed // of the sums of files
}

// inForce returns the configuration in force.
func (e *editor) inForce() *activeConfig {
	active, _ := (*operator)(e).current()
	return active
}

// Writable returns why the relay may not write the file.
func (e *editor) Writable(context.Context) error { return edit.Writable(e.inForce().file.Path) }

// Form returns a webhook as it stands in its file. Only its own lines are parsed, so
// that a page is as quick with ten thousand webhooks.
func (e *editor) Form(_ context.Context, name string) (*console.Form, error) {
	file := e.inForce().file
	main, err := os.ReadFile(file.Path)
	if err != nil {
		return nil, err
	}
	form := &console.Form{Name: name, File: absolute(file.Path)}
	texts := map[string][]byte{file.Path: main}
	var entry *yaml.Node
	if name != "" {
		found, err := e.find(name, main)
		if err != nil {
			return nil, err
		}
		entry, form.File, texts[found.path] = found.entry, absolute(found.path), found.text
		form.YAML = maskedEntry(found.lines)
	} else {
		for _, in := range file.Included {
			form.Files = append(form.Files, in.Path)
		}
	}
	form.Base = e.baseOf(texts)
	defaults, err := fileedit.Defaults(main)
	if err != nil {
		return nil, &admin.UnprocessableError{Problem: fmt.Sprintf("%s is not valid YAML now; correct it in an editor first", file.Path)}
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
func (e *editor) find(name string, main []byte) (f found, err error) {
	in := func(path string, text []byte) (bool, error) {
		entry, lines, err := fileedit.Entry(text, name)
		f = found{path, text, entry, lines}
		return entry != nil, err
	}
	active := e.inForce()
	invalid := func() error {
		return &admin.UnprocessableError{Problem: fmt.Sprintf("%s is not valid YAML now; correct it in an editor first", f.path)}
	}
	if w := active.webhooks[name].config; w != nil && w.File() != active.file.Path {
		if text, err := os.ReadFile(w.File()); err == nil {
			if ok, err := in(w.File(), text); ok {
				return f, nil
			} else if err != nil {
				return f, invalid()
			}
		}
	}
	if ok, err := in(active.file.Path, main); ok {
		return f, nil
	} else if err != nil {
		return f, invalid()
	}
	// It is in another file of include, and not in force from there yet.
	files, err := fileedit.Open(active.file.Path, config.Run)
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
		return f, invalid()
	}
	return f, nil
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
func (e *editor) baseOf(texts map[string][]byte) string {
	var sum maphash.Hash
	sum.SetSeed(e.editing.seed)
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&sum, "%q %d %t ", path, len(texts[path]), texts[path] == nil)
		sum.Write(texts[path])
	}
	return strconv.FormatUint(sum.Sum64(), 16)
}

// maskedEntry returns the lines of an entry without secrets, with the dash at the edge.
func maskedEntry(lines []byte) string {
	if lines == nil {
		return ""
	}
	masked := fileedit.TextLines(mask.Text(append([]byte("webhooks:\n"), lines...)))[1:]
	margin := len(masked[0]) - len(strings.TrimLeft(masked[0], " "))
	for i, line := range masked {
		masked[i] = line[min(margin, len(line)-len(strings.TrimLeft(line, " "))):]
	}
	return strings.Join(masked, "\n") + "\n"
}

// fillKeys fills in the keys of a form.
func fillKeys(form *console.Form, entry, defaults *yaml.Node) {
	for _, doc := range config.WebhookKeyDocs() {
		key := console.Key{Name: doc.Name, Doc: doc.Doc, Example: doc.Example, Default: doc.Default, Words: doc.Words, Kind: console.KindYAML}
		switch {
		case doc.Text:
			key.Kind = console.KindText
		case doc.Bool:
			key.Kind = console.KindBool
		}
		value := valueOf(entry, doc.Name)
		if value != nil {
			key.Origin = console.FromEntry
		} else if value = valueOf(defaults, doc.Name); value != nil && !doc.Own {
			key.Origin = console.FromDefaults
		}
		if value != nil && key.Origin != console.FromNowhere {
			shown := mask.Key(doc.Name, value)
			key.Value, key.Hidden = edit.Line(shown.Node), shown.Hidden
			if key.Kind == console.KindText && shown.Node.Kind == yaml.ScalarNode {
				key.Value = shown.Node.Value
			}
			switch doc.Name {
			case "secret":
				form.Secret = secretState(shown.Node)
			case "headers":
				form.Headers = headersOf(valueOf(entry, "headers"), valueOf(defaults, "headers"))
			}
		}
		form.Keys = append(form.Keys, key)
	}
}

// valueOf returns the value of a key of a mapping, also of one that it merges; nil if
// there is none.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for depth := 0; mapping != nil && depth < 8; depth++ {
		if mapping.Kind == yaml.AliasNode {
			mapping = mapping.Alias
		}
		var merged *yaml.Node
		for i := 0; mapping.Kind == yaml.MappingNode && i+1 < len(mapping.Content); i += 2 {
			switch value := mapping.Content[i+1]; {
			case mapping.Content[i].Value == key && value.Kind == yaml.AliasNode:
				return value.Alias
			case mapping.Content[i].Value == key:
				return value
			case mapping.Content[i].ShortTag() == "!!merge":
				merged = value
			}
		}
		mapping = merged
	}
	return nil
}

// secretState says where secrets come from.
func secretState(masked *yaml.Node) string {
	list := masked.Content
	if masked.Kind == yaml.ScalarNode {
		list = []*yaml.Node{masked}
	}
	var states []string
	for _, n := range list {
		state := "set"
		if mask.IsReference(n.Value) {
			state = n.Value
		}
		states = append(states, state)
	}
	return strings.Join(states, ", ")
}

// headersOf returns the headers of an entry, and those of the defaults that it keeps.
func headersOf(own, inherited *yaml.Node) (list []console.Header) {
	add := func(from *yaml.Node, origin console.Origin) {
		if from == nil || from.Kind != yaml.MappingNode {
			return
		}
		shown := mask.Key("headers", from).Node
		for i := 0; i+1 < len(from.Content); i += 2 {
			name, value := shown.Content[i].Value, shown.Content[i+1]
			if value.Kind != yaml.ScalarNode || slices.ContainsFunc(list, func(h console.Header) bool { return strings.EqualFold(h.Name, name) }) {
				continue
			}
			h := console.Header{Name: name, Value: value.Value, Hidden: value.Value != from.Content[i+1].Value, Origin: origin}
			if value.ShortTag() == "!!null" {
				h.Value, h.Removed = "", true
			}
			list = append(list, h)
		}
	}
	add(own, console.FromEntry)
	add(inherited, console.FromDefaults)
	return list
}

// fillEvents fills in the types that can be chosen, and the globs that are none of them.
func (e *editor) fillEvents(form *console.Form, entry *yaml.Node, file *config.File) {
	if list := valueOf(entry, "events"); list != nil {
		for _, n := range list.Content {
			form.Events = append(form.Events, n.Value)
		}
	}
	wanted := form.Events
	var types []console.Type
	if form.Catalogue = file.EventTypes != nil; form.Catalogue {
		for _, name := range slices.Sorted(maps.Keys(file.EventTypes)) {
			types = append(types, console.Type{Type: name, Doc: file.EventTypes[name].Description})
		}
	} else {
		seen := e.seenTypes()
		for _, glob := range wanted {
			if !strings.Contains(glob, "*") {
				seen[glob] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			types = append(types, console.Type{Type: name})
		}
	}
	for i := range types {
		types[i].Chosen = slices.Contains(wanted, types[i].Type)
	}
	for _, glob := range wanted {
		if !slices.ContainsFunc(types, func(t console.Type) bool { return t.Type == glob }) {
			form.Globs = append(form.Globs, glob)
		}
	}
	form.Resources = console.Resources(types)
}

// Bounds of what is read of the last day.
const (
	lastDay     = 24 * time.Hour
	seenEvents  = 500 // for the types of a form
	seenTime    = 5 * time.Millisecond
	plannedMost = 20_000 // for a plan
	plannedTime = 1500 * time.Millisecond
)

// seenTypes returns types of the newest events of the last day.
func (e *editor) seenTypes() map[string]bool {
	seen := map[string]bool{}
	_, _ = e.newest(seenEvents, seenTime, func(ev *event.Event) { seen[ev.Type] = true }) // without a history there are none
	return seen
}

// newest visits the events of the last day, the newest first, up to a number or a time,
// and reports whether it left some out.
func (e *editor) newest(most int, limit time.Duration, visit func(*event.Event)) (more bool, err error) {
	reader, err := openReader(e.dir, &e.tails)
	if errors.Is(err, history.ErrNoHistory) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer reader.Close()
	begun, visited := time.Now(), 0
	err = reader.Accepted(func(r *history.EventRecord) bool {
		if r.At.Before(begun.Add(-lastDay)) {
			return false
		}
		if visited >= most || time.Since(begun) > limit {
			more = true
			return false
		}
		if r.Kind == history.KindEvent && r.Test == "" {
			if parsed, err := event.Parse(r.Event, r.Filled); err == nil {
				visit(&parsed)
			}
		}
		visited++
		return true
	})
	return more, err
}
