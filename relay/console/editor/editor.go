// Package editor is what the console and the relay say to each other about edits of
// webhooks.yaml: the form of a webhook, the edit that its fields ask for, the review of an
// edit, and what became of it. Nothing in it has a secret, but for one that was just made.
// It reads and writes no file: relay/editing does.
package editor

import (
	"strings"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/console/catalogue"
)

// Form is a webhook as it can be edited.
type Form struct {
	Name  string   // "" for a new one
	File  string   // in which it stands, or would stand
	Base  string   // of an Edit that is made from this form
	YAML  string   // the entry as it stands in the file, secrets masked; "" for a new one
	Keys  []Key    // in the order of the manual
	Files []string // of include, to which a new one may be added
	// Secret is where the secret is from; "" if there is none. It is a
	// reference such as ${NAME}, several with commas between, or "set".
	Secret  string
	Headers []Header
	// Resources are the types of events that can be chosen: those of event_types, or
	// without them those that were seen in the last day.
	Resources []catalogue.Resource
	Catalogue bool     // they are those of event_types
	Events    []string // what it wants, in the order of the file
	Globs     []string // of Events, those that are none of the types
}

// Key returns a key of the form, nil if there is none of that name.
func (f *Form) Key(name string) *Key {
	for i := range f.Keys {
		if f.Keys[i].Name == name {
			return &f.Keys[i]
		}
	}
	return nil
}

// Origin says where a webhook has the value of a key from.
type Origin string

// The origins of a value.
const (
	FromEntry    Origin = "entry"    // it stands in the webhook's own entry
	FromDefaults Origin = "defaults" // it stands in defaults
	FromNowhere  Origin = ""         // it is not given
)

// Key is one key of a webhook.
type Key struct {
	Name, Doc string
	Example   string   // a value as it stands in the file
	Default   string   // what holds without it; "" for nothing
	Words     []string // the values that it may have, nil if others are possible
	Kind      Kind

	Origin Origin
	// Value is what it is now: the text itself for a key of the kind KindText, else YAML
	// on one line. "" if it is not given. Where it has secrets, *** stands in their
	// places, and may stay there in an edit.
	Value  string
	Hidden bool // *** stands in Value
}

// Text returns what a key of the entry itself is, "" where it is not in the entry.
func (k Key) Text() string {
	if k.Origin == FromEntry {
		return k.Value
	}
	return ""
}

// Else says what holds where the entry does not have the key.
func (k Key) Else() string {
	switch {
	case k.Origin == FromDefaults:
		return k.Value + " (from defaults)"
	case k.Default != "":
		return k.Default
	case k.Name == "format" || k.Name == "signature" || k.Name == "user_agent":
		return "by profile"
	}
	return "none"
}

// Long reports whether the value may need several lines.
func (k Key) Long() bool {
	return k.Name == "when" || k.Name == "transform" || strings.Contains(k.Value, "\n") || len(k.Value) > 60
}

// Kind says how the value of a key is written.
type Kind string

// The kinds of keys.
const (
	KindText Kind = "text" // any text
	KindBool Kind = "bool" // true or false
	KindYAML Kind = "yaml" // YAML
)

// Header is a header that a webhook adds to its requests.
type Header struct {
	Name, Value string
	Hidden      bool // it has a secret, and Value is or has ***
	Origin      Origin
	Removed     bool // the entry takes away the one of the defaults, with the value null
}

// Action says what an edit does.
type Action string

// The actions.
const (
	Add    Action = "add"    // a new webhook, whose name is among Set
	Change Action = "change" // one webhook, which may get another name
	Remove Action = "remove" // one webhook or several
)

// Edit is an edit of webhooks.
type Edit struct {
	Action Action
	Names  []string // of the webhooks it is about; none for Add
	Set    []Setting
	Unset  []string // keys, or keys within one, such as headers.X-Team
	Secret SecretEdit
	File   string // for Add, the file of include it is added to; "": webhooks.yaml
	// Base says which version of the files the edit is made from, as Form and Review
	// return it. Review accepts "" for whatever they are.
	Base string
}

// Setting gives a key another value, in one of three forms.
type Setting struct {
	Key  string   // timeout, or headers.X-Team
	Text string   // a single text
	List []string // or a list of texts
	YAML string   // or any value as YAML
}

// SecretEdit is what becomes of the secret.
type SecretEdit struct {
	Mode  SecretMode
	Value string // for Refer and Replace
}

// SecretMode is one of four ways.
type SecretMode string

// The ways. To take the secret away, unset it.
const (
	Keep     SecretMode = ""         // it stays as it is
	Generate SecretMode = "generate" // Save makes one, and returns it
	Refer    SecretMode = "refer"    // Value is a reference such as ${NAME}
	Replace  SecretMode = "replace"  // Value is the secret
)

// Review is what an edit would do.
type Review struct {
	Base     string
	Files    []string   // that change; none: nothing does
	Diff     []DiffLine // secrets masked
	Problems []Problem  // why it cannot be saved; none: it can
	Warnings []Problem  // that it brings
	Allow    []string   // words of allow that would lift the rules which the URL breaks

	Plan *api.Plan // over the events of the last day; nil if there are problems
	// Sampled says that there are more events in the last day than Plan is over: it is
	// over the newest.
	Sampled bool
	Since   time.Time // when the oldest of the events that Plan is over may be of
	Waiting []string  // a sentence for each webhook: what becomes of what waits for it
	Command string    // that does the same; secrets are variables in it
	Blocked string    // why the relay may not write the files; "": it may
}

// DiffLine is a line of what changes.
type DiffLine struct {
	Op     DiffOp
	Before int // its line before the edit, from 1; 0 if it is new
	After  int // and after it; 0 if it goes
	Text   string
	Note   string // "another value", where only a masked value differs
}

// DiffOp is what becomes of a line.
type DiffOp string

// The kinds of lines of a diff.
const (
	Same    DiffOp = " "
	Added   DiffOp = "+"
	Removed DiffOp = "-"
	Hunk    DiffOp = "@" // between two places; Text has the file where another one begins
)

// Problem is something that is wrong or doubtful with an edit.
type Problem struct {
	Key     string `json:"key"` // timeout, or headers.X-Team; "": it is about the edit as a whole
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// ProblemsError reports why an edit cannot be saved.
type ProblemsError struct{ Problems []Problem }

// Refuse returns the error of an edit with problems.
func Refuse(problems ...Problem) error { return &ProblemsError{problems} }

func (e *ProblemsError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = strings.TrimPrefix(p.Key+": "+p.Message, ": ")
		if p.Hint != "" {
			lines[i] += "; " + p.Hint
		}
	}
	return strings.Join(lines, "\n")
}

// Saved is an edit that was written.
type Saved struct {
	Name    string   // of the webhook now; "" if several were removed
	Files   []string // that were written; none: there was nothing to change
	Secret  string   // that was generated: it is shown once
	InForce bool     // false: it was written, and was not in force after 5 seconds
	// Refused are the reasons that the relay has not taken the files up, none if it has.
	Refused []Problem
}

// Excerpt is a problem with the lines around it, none for one without a place.
type Excerpt struct {
	api.ConfigProblem
	Lines []Line
}

// Line is a line of a file, with its secrets masked.
type Line struct {
	Number int
	Text   string
	At     bool // the problem is here
}
