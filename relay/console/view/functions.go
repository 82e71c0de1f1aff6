package view

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/relay/console/payload"
	"sidehook/relay/measure"
)

// functions are what templates write values with.
func functions(assets *Assets) template.FuncMap {
	return template.FuncMap{
		"asset":    assets.Path,
		"webhook":  func(name string) string { return "/webhooks/" + url.PathEscape(name) },
		"event":    func(id string) string { return "/events/" + url.PathEscape(id) },
		"moment":   momentOf,
		"ago":      func(at time.Time) string { return since(time.Since(at)) },
		"seconds":  func(s float64) string { return since(time.Duration(s * float64(time.Second))) },
		"millis":   measure.Millis,
		"size":     measure.Size,
		"count":    measure.Count,
		"number":   number,
		"percent":  Percent,
		"symbol":   symbolOf,
		"sentence": Sentence,
		"shown":    payload.Inline,
		"host":     func(url string) string { return url[:pathOf(url)] },
		"path":     func(url string) string { return url[pathOf(url):] },
		"join":     strings.Join,
		"statuses": statusWords,
		"ends":     endWords,
		"body":     bodyOf,
		"tab":      func(path, name, current string) tab { return tab{path, name, path == current} },
	}
}

// moment is a time as pages show it: local with its offset, and in UTC.
type moment struct{ Machine, Local, UTC string }

func momentOf(at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	utc := at.UTC()
	m := moment{Machine: utc.Format(time.RFC3339Nano), Local: measure.Moment(at)}
	if _, offset := at.Local().Zone(); offset != 0 {
		m.UTC = utc.Format("15:04:05Z")
	}
	return m
}

// since writes how long something lasts. It is coarse, so that a page that stays open does
// not change each second.
func since(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "under 1m"
	case d < time.Hour:
		return measure.Span(d.Truncate(time.Minute))
	case d < 48*time.Hour:
		return measure.Span(d.Truncate(10 * time.Minute))
	}
	return measure.Span(d.Truncate(24 * time.Hour))
}

// pathOf returns where the path of a URL begins, so that a line may break there.
func pathOf(url string) int {
	host := strings.Index(url, "://") + len("://")
	if host < len("://") {
		return len(url)
	}
	if i := strings.IndexByte(url[host:], '/'); i >= 0 {
		return host + i
	}
	return len(url)
}

// number writes a number with its thousands apart: 12,345.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Percent writes a share, rounded down, so that 100% means all.
func Percent(share *float64) string {
	if share == nil {
		return "–"
	}
	return strconv.Itoa(int(*share*100)) + "%"
}

// symbolOf returns the symbol of a state of a webhook or of a status of a delivery, so that
// neither is told by colour alone.
func symbolOf(state string) string {
	switch state {
	case "active", "delivered":
		return "●"
	case "failing", "retrying":
		return "▲"
	case "throttled":
		return "◐"
	case "waiting":
		return "○"
	case "paused":
		return "❙❙"
	case "disabled", "failed", "exhausted":
		return "■"
	case "orphaned", "expired":
		return "◇"
	}
	return "–"
}

// statusWords are the statuses that an attempt can have.
func statusWords() (list []string) {
	for _, status := range history.Statuses() {
		list = append(list, string(status))
	}
	return list
}

// endWords are the statuses that a delivery can end with.
func endWords() (list []string) {
	for _, status := range slices.Concat(history.Undelivered(), []history.Status{history.Delivered}) {
		list = append(list, string(status))
	}
	return list
}

// bodyOf returns the JSON of a change, from names and values by turns.
func bodyOf(pairs ...any) (string, error) {
	object := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		object[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	text, err := json.Marshal(object)
	return string(text), err
}

// tab is an entry of the navigation.
type tab struct {
	Path, Name string
	Current    bool
}

// Sentence makes a message a sentence.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
