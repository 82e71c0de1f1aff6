package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

const (
	pageDefault = 100
	pageMost    = 1000
)

// params are the query parameters of a request, and the first problem with them.
type params struct {
	values  url.Values
	problem *httpd.Problem
}

// readParams refuses parameters that are empty. A cursor may be: the first page has none.
func readParams(r *http.Request) *params {
	p := &params{values: r.URL.Query()}
	names := make([]string, 0, len(p.values))
	for name := range p.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if p.values.Get(name) == "" && name != "cursor" {
			p.refuse("query parameter %q is empty", name)
		}
	}
	return p
}

func (p *params) refuse(format string, args ...any) {
	if p.problem == nil {
		p.problem = httpd.Refuse(http.StatusBadRequest, fmt.Sprintf(format, args...))
	}
}

func (p *params) text(name string) string { return p.values.Get(name) }

func (p *params) time(name string) (at time.Time) {
	if text := p.text(name); text != "" {
		var err error
		if at, err = api.ParseTime(text); err != nil {
			p.refuse("%q %v", name, err)
		}
	}
	return at
}

func (p *params) choice(name string) query.Choice {
	switch text := p.text(name); text {
	case "":
		return query.Either
	case "true":
		return query.Yes
	case "false":
		return query.No
	default:
		p.refuse("%q must be true or false, not %q", name, text)
	}
	return query.Either
}

func (p *params) glob(name string) query.Glob {
	glob, err := query.ParseGlob(p.text(name))
	if err != nil {
		p.refuse("%q: %v", name, err)
	}
	return glob
}

// among reads words that are separated by commas, each one of those that are known.
func among[T ~string](p *params, name string, known []T) (list []T) {
	if p.text(name) == "" {
		return nil
	}
	for word := range strings.SplitSeq(p.text(name), ",") {
		if !slices.Contains(known, T(word)) {
			p.refuse("unknown %s %q; use %s", name, word, orList(known))
		}
		list = append(list, T(word))
	}
	return list
}

// orList lists words: a, b or c.
func orList[T ~string](words []T) string {
	var b strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}

func (p *params) statuses() []history.Status { return among(p, "status", history.Statuses()) }

// limit reads how long a page is.
func (p *params) limit(otherwise int) int {
	text := p.text("limit")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > pageMost {
		p.refuse("\"limit\" must be a number from 1 to %d, not %q", pageMost, text)
	}
	return n
}

// cursor reads where a page begins; zero: it is the first.
func cursor[N ~uint64](p *params, parse func(string) (N, error)) (n N) {
	if text := p.text("cursor"); text != "" {
		var err error
		if n, err = parse(text); err != nil {
			p.refuse("\"cursor\": %v", err)
		}
	}
	return n
}
