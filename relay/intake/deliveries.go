package intake

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
)

const (
	pageDefault = 100
	pageMost    = 1000
	// pageBytes ends a page early, whatever its limit: it is held in memory.
	pageBytes = 8 << 20
)

// listing is what GET /v1/deliveries is asked for.
type listing struct {
	history.Query
	limit  int // 0: none
	stream bool
	follow bool
}

func deliveryParams() []string {
	return []string{"webhook", "status", "type", "event", "since", "until", "limit", "cursor", "follow"}
}

// deliveries answers with attempts: a page of them, or a stream.
func (s *Server) deliveries(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	l, p := readListing(r)
	if p != nil {
		return p
	}
	reading, err := s.operator.History(ctx)
	if err != nil {
		return refusal(err)
	}
	defer reading.Close() // only read from
	if l.stream {
		return s.streamDeliveries(ctx, w, r, reading, &l)
	}
	body := []byte(`{"deliveries":[`)
	count, last, more := 0, uint64(0), false
	err = reading.Attempts(l.Query, func(o *history.Outcome) bool {
		if more = count == l.limit || len(body) > pageBytes; more {
			return false
		}
		if count > 0 {
			body = append(body, ',')
		}
		body = append(body, o.JSON()...)
		count, last = count+1, o.N
		return ctx.Err() == nil && r.Context().Err() == nil
	})
	if err != nil {
		return refusal(err)
	}
	body = append(body, ']')
	if more {
		body = fmt.Appendf(body, `,"cursor":%q`, history.Cursor(last))
	}
	answer(w, http.StatusOK, typeJSON, append(body, "}\n"...))
	return nil
}

// streamDeliveries answers with a line for each attempt: the newest first, or,
// of those to be followed, the oldest first, so that what comes then goes on
// from them. It holds a page of them at most, and nothing but its own request:
// a client that does not read is left when a write has taken too long.
func (s *Server) streamDeliveries(ctx context.Context, w http.ResponseWriter, r *http.Request, reading *history.Reading, l *listing) *problem {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(r.Context(), cancel)()
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	})
	newest, err := reading.Newest()
	if err != nil {
		return refusal(err)
	}
	out := s.newLines(w)
	if r.Method == http.MethodHead {
		return nil
	}
	if !l.follow {
		count := 0
		err = reading.Attempts(l.Query, func(o *history.Outcome) bool {
			count++
			return ctx.Err() == nil && out.write(o) == nil && count != l.limit
		})
	} else if err = newestOf(ctx, reading, l, newest, out); err == nil {
		err = followDeliveries(ctx, reading, &l.Query, newest, out)
	}
	if err = errors.Join(err, out.flush()); err != nil && ctx.Err() == nil {
		// The answer has begun, so that it can only end.
		s.log.Debug("a stream of deliveries ended early", "error", err)
	}
	return nil
}

// newestOf writes the attempts that there are, oldest first.
func newestOf(ctx context.Context, reading *history.Reading, l *listing, newest uint64, out *lineWriter) error {
	var list []*history.Outcome
	q := l.Query
	q.Before = newest + 1
	if l.limit > 0 {
		err := reading.Attempts(q, func(o *history.Outcome) bool {
			list = append(list, o)
			return ctx.Err() == nil && len(list) < l.limit
		})
		if err != nil {
			return err
		}
	}
	for _, o := range slices.Backward(list) {
		if err := out.write(o); err != nil {
			return err
		}
	}
	return out.flush()
}

func followDeliveries(ctx context.Context, reading *history.Reading, q *history.Query, newest uint64, out *lineWriter) error {
	f := reading.Follow(newest)
	for {
		o, err := f.Next(ctx)
		if err != nil {
			return err
		}
		if !q.Match(&o) {
			continue
		}
		if err := errors.Join(out.write(&o), out.flush()); err != nil {
			return err
		}
	}
}

// readListing reads the query and the Accept header.
func readListing(r *http.Request) (l listing, p *problem) {
	values := r.URL.Query()
	l.stream = accepts(r.Header, "application/x-ndjson")
	l.Webhook, l.Type, l.Event = values.Get("webhook"), values.Get("type"), values.Get("event")
	for _, name := range deliveryParams() {
		if values.Has(name) && values.Get(name) == "" {
			return l, refuse(http.StatusBadRequest, fmt.Sprintf("query parameter %q is empty", name))
		}
	}
	for name, at := range map[string]*time.Time{"since": &l.Since, "until": &l.Until} {
		if !values.Has(name) {
			continue
		}
		var err error
		if *at, err = api.ParseTime(values.Get(name)); err != nil {
			return l, refuse(http.StatusBadRequest, fmt.Sprintf("%q %v", name, err))
		}
	}
	if values.Has("status") {
		for name := range strings.SplitSeq(values.Get("status"), ",") {
			if !slices.Contains(history.Statuses(), history.Status(name)) {
				return l, refuse(http.StatusBadRequest, fmt.Sprintf("%q is no status; there are delivered, retrying, failed, exhausted, canceled and expired", name))
			}
			l.Statuses = append(l.Statuses, history.Status(name))
		}
	}
	if p := l.readPaging(values); p != nil {
		return l, p
	}
	return l, nil
}

func (l *listing) readPaging(values url.Values) *problem {
	if !l.stream {
		l.limit = pageDefault
	}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMost {
			return refuse(http.StatusBadRequest, fmt.Sprintf("\"limit\" must be a number from 1 to %d, not %q", pageMost, text))
		}
		l.limit = n
	}
	if text := values.Get("cursor"); text != "" {
		before, err := history.ParseCursor(text)
		if err != nil {
			return refuse(http.StatusBadRequest, "\"cursor\": "+err.Error())
		}
		l.Before = before
	}
	switch text := values.Get("follow"); {
	case text == "" || text == "false":
	case text != "true":
		return refuse(http.StatusBadRequest, fmt.Sprintf("\"follow\" must be true or false, not %q", text))
	case !l.stream:
		return refuse(http.StatusBadRequest, "\"follow\" needs \"Accept: application/x-ndjson\"")
	case l.Before > 0:
		return refuse(http.StatusBadRequest, "\"follow\" and \"cursor\" do not go together")
	case !l.Until.IsZero():
		return refuse(http.StatusBadRequest, "\"follow\" and \"until\" do not go together")
	default:
		l.follow = true
	}
	return nil
}

// accepts says whether a client asks for a media type by its name.
func accepts(h http.Header, name string) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == name {
			return true
		}
	}
	return false
}
