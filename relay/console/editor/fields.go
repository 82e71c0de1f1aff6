package editor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Fields are the fields of the form of a webhook, by their names.
type Fields map[string][]string

// Sum identifies the fields, so that what is saved is what was reviewed.
func (f Fields) Sum() string {
	text, _ := json.Marshal(f) // it is made of texts
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// one returns the value of a field that has one, without the CR of a text area.
func (f Fields) one(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return strings.ReplaceAll(f[name][0], "\r\n", "\n")
}

// Edit returns what the fields ask to change of a form. A field that is left as it was
// changes nothing, and one that is empty takes its key away.
func (f Fields) Edit(form *Form) (edit Edit, problems []Problem) {
	edit = Edit{Action: Change, Names: []string{form.Name}, Base: form.Base}
	if form.Name == "" {
		edit = Edit{Action: Add, Base: form.Base, File: strings.TrimSpace(f.one("file"))}
		if edit.File != "" {
			edit.Base = "" // Review returns that of the file
		}
	}
	for _, key := range form.Keys {
		switch key.Name {
		case "secret", "headers", "events":
			continue
		}
		asked, sent := f[key.Name]
		if !sent {
			continue
		}
		text := f.one(key.Name)
		if len(asked) > 0 && key.Kind != KindText || key.Name == "name" || key.Name == "url" {
			text = strings.TrimSpace(text)
		}
		switch {
		case text == key.Text():
		case text == "":
			edit.Unset = append(edit.Unset, key.Name)
		case key.Kind == KindText:
			edit.Set = append(edit.Set, Setting{Key: key.Name, Text: text})
		default:
			edit.Set = append(edit.Set, Setting{Key: key.Name, YAML: text})
		}
	}
	f.events(form, &edit)
	problems = f.headers(form, &edit)
	f.secret(&edit)
	return edit, problems
}

// events sets the list of events: those that stay in their order, then new ones.
func (f Fields) events(form *Form, edit *Edit) {
	asked := slices.Clone(f["events"])
	asked = append(asked, strings.FieldsFunc(f.one("globs"), func(r rune) bool { return r == '\n' || r == ',' || r == ' ' || r == '\t' })...)
	var list []string
	for _, have := range form.Events {
		if slices.Contains(asked, have) {
			list = append(list, have)
		}
	}
	for _, want := range asked {
		if !slices.Contains(list, want) {
			list = append(list, want)
		}
	}
	switch {
	case slices.Equal(list, form.Events):
	case len(list) == 0:
		edit.Unset = append(edit.Unset, "events")
	default:
		edit.Set = append(edit.Set, Setting{Key: "events", List: list})
	}
}

// headers sets and takes away headers, one by one, so that those that are hidden stay.
func (f Fields) headers(form *Form, edit *Edit) (problems []Problem) {
	names, values := f["header-name"], f["header-value"]
	kept, given := 0, map[string]bool{}
	for i, name := range names {
		if name = strings.TrimSpace(name); name == "" {
			if i < len(values) && values[i] != "" {
				problems = append(problems, Problem{Key: "headers", Message: "a header has a value and no name"})
			}
			continue
		}
		if given[strings.ToLower(name)] {
			problems = append(problems, Problem{Key: "headers", Message: name + " is given twice"})
			continue
		}
		given[strings.ToLower(name)] = true
		value := ""
		if i < len(values) {
			value = values[i]
		}
		if kept++; !slices.ContainsFunc(form.Headers, func(h Header) bool { return h.Name == name && h.Value == value && h.Origin == FromEntry && !h.Removed }) {
			edit.Set = append(edit.Set, Setting{Key: "headers." + name, Text: value})
		}
	}
	removed := f["header-removed"] // of the defaults
	var gone []string
	for _, h := range form.Headers {
		stays := given[strings.ToLower(h.Name)] || slices.Contains(removed, h.Name)
		if stays && slices.Contains(removed, h.Name) && !h.Removed && !given[strings.ToLower(h.Name)] {
			edit.Set = append(edit.Set, Setting{Key: "headers." + h.Name, YAML: "null"})
		}
		if stays && (slices.Contains(names, h.Name) || slices.Contains(removed, h.Name)) {
			kept++
		} else if h.Origin == FromEntry {
			gone = append(gone, "headers."+h.Name)
		}
	}
	if len(gone) > 0 && kept == 0 {
		gone = []string{"headers"}
	}
	edit.Unset = append(edit.Unset, gone...)
	return problems
}

// secret says what becomes of the secret.
func (f Fields) secret(edit *Edit) {
	switch f.one("secret") {
	case "generate":
		edit.Secret = SecretEdit{Mode: Generate}
	case "refer":
		edit.Secret = SecretEdit{Mode: Refer, Value: strings.TrimSpace(f.one("secret-reference"))}
	case "replace":
		edit.Secret = SecretEdit{Mode: Replace, Value: f.one("secret-value")}
	case "remove":
		edit.Unset = append(edit.Unset, "secret")
	}
}
