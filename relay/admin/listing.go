package admin

import (
	"fmt"
	"mime"
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

// listing is a request for deliveries.
type listing struct {
	query.Query
	limit  int // 0: none
	stream bool
	follow bool
}

var deliveryParams = []string{"webhook", "status", "type", "event", "since", "until", "limit", "cursor", "follow"}

// readListing reads the query and the Accept header.
func readListing(r *http.Request) (l listing, p *httpd.Problem) {
	values := r.URL.Query()
	l.stream = accepts(r.Header, httpd.JSONLines[0])
	l.Webhook, l.Type, l.Event = values.Get("webhook"), values.Get("type"), values.Get("event")
	for _, name := range deliveryParams {
		if values.Has(name) && values.Get(name) == "" {
			return l, httpd.Refuse(http.StatusBadRequest, fmt.Sprintf("query parameter %q is empty", name))
		}
	}
	for name, at := range map[string]*time.Time{"since": &l.Since, "until": &l.Until} {
		if !values.Has(name) {
			continue
		}
		var err error
		if *at, err = api.ParseTime(values.Get(name)); err != nil {
			return l, httpd.Refuse(http.StatusBadRequest, fmt.Sprintf("%q %v", name, err))
		}
	}
	if values.Has("status") {
		for name := range strings.SplitSeq(values.Get("status"), ",") {
			if !slices.Contains(query.Statuses(), history.Status(name)) {
				return l, httpd.Refuse(http.StatusBadRequest, fmt.Sprintf("unknown status %q; use delivered, retrying, failed, exhausted, canceled or expired", name))
			}
			l.Statuses = append(l.Statuses, history.Status(name))
		}
	}
	if p := l.readPaging(values); p != nil {
		return l, p
	}
	return l, nil
}

func (l *listing) readPaging(values url.Values) *httpd.Problem {
	if !l.stream {
		l.limit = pageDefault
	}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMost {
			return httpd.Refuse(http.StatusBadRequest, fmt.Sprintf("\"limit\" must be a number from 1 to %d, not %q", pageMost, text))
		}
		l.limit = n
	}
	if text := values.Get("cursor"); text != "" {
		before, err := query.ParseCursor(text)
		if err != nil {
			return httpd.Refuse(http.StatusBadRequest, "\"cursor\": "+err.Error())
		}
		l.Before = before
	}
	switch text := values.Get("follow"); {
	case text == "" || text == "false":
	case text != "true":
		return httpd.Refuse(http.StatusBadRequest, fmt.Sprintf("\"follow\" must be true or false, not %q", text))
	case !l.stream:
		return httpd.Refuse(http.StatusBadRequest, `"follow" requires "Accept: application/x-ndjson"`)
	case l.Before > 0:
		return httpd.Refuse(http.StatusBadRequest, `"follow" and "cursor" cannot be used together`)
	case !l.Until.IsZero():
		return httpd.Refuse(http.StatusBadRequest, `"follow" and "until" cannot be used together`)
	default:
		l.follow = true
	}
	return nil
}

// accepts reports whether a client asks for a media type by its name.
func accepts(h http.Header, name string) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == name {
			return true
		}
	}
	return false
}
