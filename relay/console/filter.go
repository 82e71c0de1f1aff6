package console

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

// filter is what a list is narrowed to: the parameters of its address, which is so an
// address that can be kept.
type filter struct {
	url.Values
	at *url.URL
	// Wrong has what is wrong with parameters, by their names. Then nothing is listed.
	Wrong map[string]string
}

func filterOf(at *url.URL) *filter {
	return &filter{Values: at.Query(), at: at, Wrong: map[string]string{}}
}

// Clear returns the address of the list with nothing left out.
func (f *filter) Clear() string { return f.at.EscapedPath() }

// IsNarrow reports whether something may be left out.
func (f *filter) IsNarrow() bool {
	for name := range f.Values {
		if name != "cursor" && f.Get(name) != "" {
			return true
		}
	}
	return false
}

// Rest returns what another page takes over: the parameters, without the place in the list.
func (f *filter) Rest() string {
	rest := url.Values{}
	for name := range f.Values {
		if name != "cursor" && f.Get(name) != "" {
			rest.Set(name, f.Get(name))
		}
	}
	return rest.Encode()
}

// refuse notes what is wrong with a parameter.
func (f *filter) refuse(name, format string, args ...any) {
	if f.Wrong[name] == "" {
		f.Wrong[name] = sentence(fmt.Sprintf(format, args...))
	}
}

// text returns a parameter without the space around it, which pasting leaves.
func (f *filter) text(name string) string { return strings.TrimSpace(f.Get(name)) }

func (f *filter) glob(name string) query.Glob {
	glob, err := query.ParseGlob(f.text(name))
	if err != nil {
		f.refuse(name, "%v", err)
	}
	return glob
}

func (f *filter) codes(name string) (codes query.Codes) {
	if text := f.text(name); text != "" {
		var err error
		if codes, err = query.ParseCodes(text); err != nil {
			f.refuse(name, "%v", err)
		}
	}
	return codes
}

// statuses reads statuses with commas between them.
func (f *filter) statuses(name string, known []history.Status) (list []history.Status) {
	if f.text(name) == "" {
		return nil
	}
	for word := range strings.SplitSeq(f.text(name), ",") {
		if !slices.Contains(known, history.Status(word)) {
			f.refuse(name, "there is no status %.100q", word)
		}
		list = append(list, history.Status(word))
	}
	return list
}

func (f *filter) choice(name string) query.Choice {
	switch text := f.text(name); text {
	case "":
	case "true":
		return query.Yes
	case "false":
		return query.No
	default:
		f.refuse(name, "must be true or false, not %.100q", text)
	}
	return query.Either
}

// span reads since and until.
func (f *filter) span() (since, until time.Time) {
	now := time.Now()
	since, until = f.moment("since", now), f.moment("until", now)
	if !until.IsZero() && until.Before(since) {
		f.refuse("until", "is before since")
	}
	return since, until
}

// moment reads a time, or how long ago it was. A time without a zone is in the local one.
func (f *filter) moment(name string, now time.Time) time.Time {
	text := f.text(name)
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
	f.refuse(name, "must be how long ago, such as 24h or 7d, or a time such as 2026-11-23 14:55")
	return time.Time{}
}

// before reads where a page begins; 0: it is the first.
func before[N ~uint64](f *filter, parse func(string) (N, error)) (n N) {
	if text := f.Get("cursor"); text != "" {
		var err error
		if n, err = parse(text); err != nil {
			f.refuse("cursor", "%v", err)
		}
	}
	return n
}
