package admin

import (
	"mime"
	"net/http"
	"strings"

	"sidehook/history/query"
	"sidehook/relay/httpd"
)

// listing is a request for deliveries.
type listing struct {
	query.Query
	limit  int // 0: none
	stream bool
	follow bool
}

var deliveryParams = []string{"webhook", "status", "code", "type", "event", "unresolved", "since", "until", "limit", "cursor", "follow"}

// readListing reads the query and the Accept header.
func readListing(r *http.Request) (l listing, _ *httpd.Problem) {
	l.stream = accepts(r.Header, httpd.JSONLines[0])
	p := readParams(r)
	l.Webhook, l.Type, l.Event = p.text("webhook"), p.glob("type"), p.text("event")
	l.Since, l.Until, l.Statuses = p.time("since"), p.time("until"), p.statuses()
	if code := p.text("code"); code != "" {
		var err error
		if l.Codes, err = query.ParseCodes(code); err != nil {
			p.refuse("\"code\" %v", err)
		}
	}
	l.Unresolved = p.choice("unresolved") == query.Yes
	if l.stream {
		l.limit = p.limit(0)
	} else {
		l.limit = p.limit(pageDefault)
	}
	l.Before = cursor(p, query.ParseCursor)
	if l.follow = p.choice("follow") == query.Yes; l.follow {
		switch {
		case !l.stream:
			p.refuse(`"follow" requires "Accept: application/x-ndjson"`)
		case l.Before > 0:
			p.refuse(`"follow" and "cursor" cannot be used together`)
		case !l.Until.IsZero():
			p.refuse(`"follow" and "until" cannot be used together`)
		case l.Unresolved:
			p.refuse(`"follow" and "unresolved" cannot be used together`)
		}
	}
	return l, p.problem
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
