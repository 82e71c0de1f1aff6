package editing

import (
	"maps"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/edit"
	"sidehook/config/mask"
	"sidehook/history/event"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
)

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
func fillKeys(form *editor.Form, entry, defaults *yaml.Node) {
	for _, doc := range config.WebhookKeyDocs() {
		key := editor.Key{Name: doc.Name, Doc: doc.Doc, Example: doc.Example, Default: doc.Default, Words: doc.Words, Kind: editor.KindYAML}
		switch {
		case doc.Text:
			key.Kind = editor.KindText
		case doc.Bool:
			key.Kind = editor.KindBool
		}
		value := valueOf(entry, doc.Name)
		if value != nil {
			key.Origin = editor.FromEntry
		} else if value = valueOf(defaults, doc.Name); value != nil && !doc.Own {
			key.Origin = editor.FromDefaults
		}
		if value != nil && key.Origin != editor.FromNowhere {
			shown := mask.Key(doc.Name, value)
			key.Value, key.Hidden = edit.Line(shown.Node), shown.Hidden
			if key.Kind == editor.KindText && shown.Node.Kind == yaml.ScalarNode {
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
func headersOf(own, inherited *yaml.Node) (list []editor.Header) {
	add := func(from *yaml.Node, origin editor.Origin) {
		if from == nil || from.Kind != yaml.MappingNode {
			return
		}
		shown := mask.Key("headers", from).Node
		for i := 0; i+1 < len(from.Content); i += 2 {
			name, value := shown.Content[i].Value, shown.Content[i+1]
			if value.Kind != yaml.ScalarNode || slices.ContainsFunc(list, func(h editor.Header) bool { return strings.EqualFold(h.Name, name) }) {
				continue
			}
			h := editor.Header{Name: name, Value: value.Value, Hidden: value.Value != from.Content[i+1].Value, Origin: origin}
			if value.ShortTag() == "!!null" {
				h.Value, h.Removed = "", true
			}
			list = append(list, h)
		}
	}
	add(own, editor.FromEntry)
	add(inherited, editor.FromDefaults)
	return list
}

// Types returns the types of event_types, sorted; nil without them.
func Types(file *config.File) (types []catalogue.Type) {
	for _, name := range slices.Sorted(maps.Keys(file.EventTypes)) {
		types = append(types, catalogue.Type{Type: name, Doc: file.EventTypes[name].Description})
	}
	return types
}

// fillEvents fills in the types that can be chosen, and the globs that are none of them.
func (e *Editor) fillEvents(form *editor.Form, entry *yaml.Node, file *config.File) {
	if list := valueOf(entry, "events"); list != nil {
		for _, n := range list.Content {
			form.Events = append(form.Events, n.Value)
		}
	}
	wanted := form.Events
	var types []catalogue.Type
	if form.Catalogue = file.EventTypes != nil; form.Catalogue {
		types = Types(file)
	} else {
		seen := e.seenTypes()
		for _, glob := range wanted {
			if !strings.Contains(glob, "*") {
				seen[glob] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			types = append(types, catalogue.Type{Type: name})
		}
	}
	for i := range types {
		types[i].Chosen = slices.Contains(wanted, types[i].Type)
	}
	for _, glob := range wanted {
		if !slices.ContainsFunc(types, func(t catalogue.Type) bool { return t.Type == glob }) {
			form.Globs = append(form.Globs, glob)
		}
	}
	form.Resources = catalogue.Group(types)
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
func (e *Editor) seenTypes() map[string]bool {
	seen := map[string]bool{}
	_, _ = e.relay.Newest(time.Now().Add(-lastDay), seenEvents, seenTime, func(ev *event.Event) { seen[ev.Type] = true }) // a form can do without
	return seen
}
