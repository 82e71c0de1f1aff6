// Package filter reads what a list is narrowed to from the address of its page, and makes
// the addresses of the pages beside it. It keeps what is wrong with a parameter, to be
// shown at its control. The console calls it.
package filter

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sidehook/config/unit"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
)

// Filter is what a list is narrowed to: the parameters of its address, which is so an
// address that can be kept.
type Filter struct {
	url.Values
	at *url.URL
	// Wrong has what is wrong with parameters, by their names. Then nothing is listed.
	Wrong map[string]string
}

// Of returns the filter of an address.
func Of(at *url.URL) *Filter {
	return &Filter{Values: at.Query(), at: at, Wrong: map[string]string{}}
}

// Clear returns the address of the list with nothing left out.
func (f *Filter) Clear() string { return f.at.EscapedPath() }

// IsNarrow reports whether something may be left out.
func (f *Filter) IsNarrow() bool {
	for name := range f.Values {
		if name != "cursor" && f.Get(name) != "" {
			return true
		}
	}
	return false
}

// Rest returns what another page takes over: the parameters, without the place in the list.
func (f *Filter) Rest() string {
	rest := url.Values{}
	for name := range f.Values {
		if name != "cursor" && f.Get(name) != "" {
			rest.Set(name, f.Get(name))
		}
	}
	return rest.Encode()
}

// Refuse notes what is wrong with a parameter.
func (f *Filter) Refuse(name, format string, args ...any) {
	if f.Wrong[name] == "" {
		f.Wrong[name] = fmt.Sprintf(format, args...)
	}
}

// Text returns a parameter without the space around it, which pasting leaves.
func (f *Filter) Text(name string) string { return strings.TrimSpace(f.Get(name)) }

// Glob reads a glob of types.
func (f *Filter) Glob(name string) query.Glob {
	glob, err := query.ParseGlob(f.Text(name))
	if err != nil {
		f.Refuse(name, "%v", err)
	}
	return glob
}

// Codes reads status codes of HTTP.
func (f *Filter) Codes(name string) (codes query.Codes) {
	if text := f.Text(name); text != "" {
		var err error
		if codes, err = query.ParseCodes(text); err != nil {
			f.Refuse(name, "%v", err)
		}
	}
	return codes
}

// Statuses reads statuses with commas between them.
func (f *Filter) Statuses(name string, known []history.Status) (list []history.Status) {
	if f.Text(name) == "" {
		return nil
	}
	for word := range strings.SplitSeq(f.Text(name), ",") {
		if !slices.Contains(known, history.Status(word)) {
			f.Refuse(name, "there is no status %.100q", word)
		}
		list = append(list, history.Status(word))
	}
	return list
}

// Choice reads true, false or nothing.
func (f *Filter) Choice(name string) query.Choice {
	switch text := f.Text(name); text {
	case "":
	case "true":
		return query.Yes
	case "false":
		return query.No
	default:
		f.Refuse(name, "must be true or false, not %.100q", text)
	}
	return query.Either
}

// Span reads since and until.
func (f *Filter) Span() (since, until time.Time) {
	now := time.Now()
	since, until = f.moment("since", now), f.moment("until", now)
	if !until.IsZero() && until.Before(since) {
		f.Refuse("until", "is before since")
	}
	return since, until
}

// moment reads a time, or how long ago it was. A time without a zone is in the local one.
func (f *Filter) moment(name string, now time.Time) time.Time {
	text := f.Text(name)
	if text == "" {
		return time.Time{}
	}
	if ago, ok := unit.ParseDuration(text); ok {
		return now.Add(-ago)
	}
	if at, err := api.ParseTime(text); err == nil {
		return at
	}
	for _, layout := range []string{"2006-01-02 15:04:05 -07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at
		}
	}
	f.Refuse(name, "must be how long ago, such as 24h or 7d, or a time such as 2026-11-23 14:55")
	return time.Time{}
}

// Before reads where a page begins; 0: it is the first.
func Before[N ~uint64](f *Filter, parse func(string) (N, error)) (n N) {
	if text := f.Get("cursor"); text != "" {
		var err error
		if n, err = parse(text); err != nil {
			f.Refuse("cursor", "%v", err)
		}
	}
	return n
}

// Field is a text of a filter, with its control.
type Field struct{ Name, Label, Value, Example, Wrong string }

// Field returns the control of a parameter.
func (f *Filter) Field(name, label, example string) Field {
	return Field{name, label, f.Get(name), example, f.Wrong[name]}
}

// Option is a choice of a filter.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Option returns a value that can be chosen for a parameter.
func (f *Filter) Option(name, value, label string) Option {
	return Option{value, label, f.Get(name) == value}
}
