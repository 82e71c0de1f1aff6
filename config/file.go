package config

import (
	"net/url"
	"strings"
	"time"
)

// sections are the values at the top of the file. They are gathered first and
// read in an order of their own, for some bear on others wherever they stand.
type sections struct {
	source, listen, history, eventTypes, defaults, webhooks *value
}

func topFields() []field[sections] {
	return []field[sections]{
		{"source", func(_ *loader, v *value, s *sections) { s.source = v }},
		{"listen", func(_ *loader, v *value, s *sections) { s.listen = v }},
		{"history", func(_ *loader, v *value, s *sections) { s.history = v }},
		{"event_types", func(_ *loader, v *value, s *sections) { s.eventTypes = v }},
		{"defaults", func(_ *loader, v *value, s *sections) { s.defaults = v }},
		{"webhooks", func(_ *loader, v *value, s *sections) { s.webhooks = v }},
	}
}

// file reads all of the file. What it returns counts only if nothing was wrong.
func (l *loader) file(root *value) *File {
	f := empty(l.found.file)
	var s sections
	readFields(l, root, topFields(), &s)
	if l.mode == Tools {
		l.found = collector{file: l.found.file}
		s = sections{listen: s.listen, history: s.history}
	}
	if s.source != nil {
		l.source(s.source, &f.Source)
	}
	if s.listen != nil {
		l.listen(s.listen, &f.Listen)
	}
	if s.history != nil {
		readFields(l, s.history, historyFields(), &f.History)
	}
	if s.eventTypes != nil {
		l.eventTypes(s.eventTypes, f)
	}
	base := partial{Webhook: unset(), keep: f.History.Keep}
	if s.defaults != nil {
		readFields(l, s.defaults, l.shared, &base)
	}
	if base.retryAt == nil {
		base.retryAt = s.history // where keep stands
	}
	if s.webhooks != nil {
		l.webhooks(s.webhooks, &base, f)
	}
	return f
}

// source reads a URI reference, as CloudEvents has it.
func (l *loader) source(v *value, into *string) {
	var s string
	l.line(v, 1024, &s)
	if s == "" {
		return
	}
	hint := "write it like com.example/app"
	right := encodeURI(s)
	if t, _ := l.known(v); right != s && !t.filled {
		hint = "write " + right
	}
	if _, err := url.Parse(s); err != nil || right != s {
		l.fail(v, "must be a URI reference", hint)
		return
	}
	*into = s
}

// leastKeep and mostKeep bound history.keep.
const (
	leastKeep = time.Second
	mostKeep  = 36500 * 24 * time.Hour
)

func historyFields() []field[History] {
	return []field[History]{
		{"dir", func(l *loader, v *value, h *History) { l.filePath(v, &h.Dir) }},
		{"keep", func(l *loader, v *value, h *History) { l.duration(v, leastKeep, mostKeep, &h.Keep) }},
		{"max_size", func(l *loader, v *value, h *History) { l.bytes(v, 16<<20, 1<<50, &h.MaxSize) }},
		{"response_body", func(l *loader, v *value, h *History) { l.size(v, 0, 64<<10, &h.ResponseBody) }},
		{"unmatched", func(l *loader, v *value, h *History) {
			unmatched := "keep"
			l.choice(v, []string{"keep", "drop"}, &unmatched)
			h.DropUnmatched = unmatched == "drop"
		}},
	}
}

// filePath reads the path of a file or folder.
func (l *loader) filePath(v *value, into *string) {
	var path string
	if l.line(v, 4096, &path); path != "" {
		*into = l.resolve(path)
	}
}

// eventTypes reads the catalogue.
func (l *loader) eventTypes(v *value, f *File) {
	pairs := l.pairs(v, "list each type as TYPE: DESCRIPTION")
	f.EventTypes = make(map[string]string, len(pairs))
	for i := range pairs {
		pair := &pairs[i]
		name := pair.name.Value
		switch {
		case name == "" || hasControl(name):
			l.failKey(pair, "must be a type of events, without control characters", "")
		case strings.HasPrefix(name, "sidehook."):
			l.failKey(pair, "is a name that sidehook keeps for its own events", "leave it out")
		case strings.ContainsAny(name, "*?"):
			l.failKey(pair, "must be one type, not a glob", "list each type")
		case isNull(pair.node):
			f.EventTypes[name] = ""
		default:
			if t, ok := l.known(pair); ok {
				f.EventTypes[name] = t.string
			}
		}
	}
	if len(pairs) == 0 && len(v.node.Content) == 0 && !isNull(v.node) {
		l.fail(v, "lists no type, so that every event would be refused", "remove event_types")
	}
}
