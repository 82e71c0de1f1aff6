package admin

import (
	"context"
	"mime"
	"net/http"
	"strconv"

	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

var eventParams = []string{"type", "webhook", "matched", "waiting", "since", "until", "limit", "cursor"}

// listEvents answers with a page of accepted events.
func (h *Handler) listEvents(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	p := readParams(r)
	q := query.EventQuery{
		Type: p.glob("type"), Webhook: p.text("webhook"), Matched: p.choice("matched"), Waiting: p.choice("waiting"),
		Since: p.time("since"), Until: p.time("until"), Before: cursor(p, query.ParseEventCursor),
	}
	limit := p.limit(pageDefault)
	if p.problem != nil {
		return p.problem
	}
	records, err := h.operator.History(ctx)
	if err != nil {
		return problemOf(err)
	}
	defer records.Close()
	answer := api.Events{Events: []api.AcceptedEvent{}}
	q.Limit = limit
	err = records.Events(ctx, q, func(e *query.AcceptedEvent) bool {
		if len(answer.Events) == limit {
			answer.Cursor = query.EventCursor(answer.Events[limit-1].Seq)
			return false
		}
		answer.Events = append(answer.Events, api.AcceptedEvent{
			Seq: e.Seq, At: e.At, ID: e.Parsed.ID, Source: e.Parsed.Source, Type: e.Parsed.Type, Webhooks: e.Statuses,
		})
		return r.Context().Err() == nil
	})
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, answer)
}

func (h *Handler) showEvent(ctx context.Context, w http.ResponseWriter, r *http.Request, id string) *httpd.Problem {
	which, p := whichEvent(r, id)
	if p != nil {
		return p
	}
	trace, err := h.operator.Event(ctx, which)
	if err != nil {
		return problemOf(err)
	}
	trace.To = orEmpty(trace.To)
	trace.Webhooks = orEmpty(trace.Webhooks)
	trace.Attempts = orEmpty(trace.Attempts)
	return httpd.AnswerJSON(w, http.StatusOK, trace)
}

// eventData answers with the data of an event as a download. A browser must neither
// show it nor guess its type: what an application posts may be a page with scripts.
func (h *Handler) eventData(ctx context.Context, w http.ResponseWriter, r *http.Request, id string) *httpd.Problem {
	which, p := whichEvent(r, id)
	if p != nil {
		return p
	}
	data, err := h.operator.EventData(ctx, which)
	if err != nil {
		return problemOf(err)
	}
	header := w.Header()
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(data.ID)}))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "sandbox")
	header.Set("Content-Length", strconv.Itoa(len(data.Body)))
	httpd.Answer(w, http.StatusOK, httpd.ContentType{data.ContentType}, data.Body)
	return nil
}

// fileName makes a name for a file of an event's id.
func fileName(id string) string {
	name := []byte("event-" + id)
	for i, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			name[i] = '_'
		}
	}
	return string(name[:min(len(name), 100)])
}

// stats answers with how deliveries went.
func (h *Handler) stats(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	p := readParams(r)
	webhook, since, until := p.text("webhook"), p.time("since"), p.time("until")
	if p.problem != nil {
		return p.problem
	}
	list, err := h.operator.Stats(ctx, api.StatsQuery{Webhook: webhook, Since: since, Until: until})
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, api.Stats{Stats: orEmpty(list)})
}

// resendProgress answers with how far a resend in bulk is.
func (h *Handler) resendProgress(ctx context.Context, w http.ResponseWriter, _ *http.Request, id string) *httpd.Problem {
	progress, err := h.operator.ResendProgress(ctx, id)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, progress)
}

// whichEvent reads the {id} of a path, and the source that may come with it.
func whichEvent(r *http.Request, id string) (query.EventRef, *httpd.Problem) {
	which := query.ParseEventRef(id)
	query := r.URL.Query()
	if !query.Has("source") {
		return which, nil
	}
	which.Source = query.Get("source")
	switch {
	case which.Source == "":
		return which, httpd.Refuse(http.StatusBadRequest, `query parameter "source" is empty`)
	case which.Seq > 0:
		return which, httpd.Refuse(http.StatusBadRequest, `query parameter "source" cannot be used with seq:N, which names exactly one event`)
	}
	return which, nil
}
