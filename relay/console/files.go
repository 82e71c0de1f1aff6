package console

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/payload"
	"sidehook/relay/console/trace"
)

// file is what a page is in place of HTML: bytes that others wrote, to be saved. A browser
// must neither show them nor guess their type: they may be a page with scripts. The
// headers of every answer keep it from both as well. They have no type of their own, as
// the policy lets scripts of this origin run.
type file struct {
	name string
	body []byte
}

func (f *file) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	header.Set("Content-Length", strconv.Itoa(len(f.body)))
	w.Write(f.body)
}

// fileName makes a name for a file of what is unlike any other.
func fileName(what, id, end string) string {
	name := []byte(what + "-" + id)
	for i, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			name[i] = '_'
		}
	}
	return string(name[:min(len(name), 100)]) + end
}

// refOf returns the event of a path, with the source that may be in the query.
func refOf(r *request, id string) query.EventRef {
	which := query.ParseEventRef(id)
	if which.Seq == 0 {
		which.Source = r.URL.Query().Get("source")
	}
	return which
}

// eventData is the data of an event, as a file: /events/ID/data.
func (h *Handler) eventData(ctx context.Context, r *request, id string) (*page, error) {
	data, err := h.operator.EventData(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	return &page{file: &file{fileName("data", data.ID, ""), data.Body}}, nil
}

// eventRaw is an event as the history has it, as a file: /events/ID/raw.
func (h *Handler) eventRaw(ctx context.Context, r *request, id string) (*page, error) {
	trace, err := h.operator.Event(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	return &page{file: &file{fileName("event", id, ".json"), trace.Event}}, nil
}

// eventBody is what a webhook would get of an event, as a file: /events/ID/body?webhook=.
func (h *Handler) eventBody(ctx context.Context, r *request, id string) (*page, error) {
	data, err := h.operator.RequestBody(ctx, r.URL.Query().Get("webhook"), refOf(r, id))
	if err != nil {
		return nil, err
	}
	return &page{file: &file{fileName("body", data.ID, ""), data.Body}}, nil
}

// eventResponse is the body of an answer, as a file: /events/ID/response?attempt=.
func (h *Handler) eventResponse(ctx context.Context, r *request, id string) (*page, error) {
	trace, err := h.operator.Event(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	asked := r.URL.Query().Get("attempt")
	for _, line := range trace.Attempts {
		var a api.Attempt
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("read an attempt: %w", err)
		}
		if fmt.Sprint(a.N) == asked && a.Response != nil {
			return &page{file: &file{fileName("response", asked, ""), a.Response.Bytes()}}, nil
		}
	}
	return nil, &admin.NotFoundError{What: fmt.Sprintf("answer of an attempt %.20q at this event", asked)}
}

// rest is a further part of a long event.
type rest struct {
	ID, Path   string // of the event's page
	From, Size int
	Payload    payload.View
}

// Next is where the next part begins, 0 if there is none.
func (v rest) Next() int {
	if at := v.From + v.Payload.Shown; at < v.Size {
		return at
	}
	return 0
}

// To is where the part ends.
func (v rest) To() int { return v.From + v.Payload.Shown }

// restElements bounds what a further part of an event adds to its page.
const restElements = 150

// eventRest shows what follows of a long event: /events/ID/rest?from=.
func (h *Handler) eventRest(ctx context.Context, r *request, id string) (*page, error) {
	found, err := h.operator.Event(ctx, refOf(r, id))
	if err != nil {
		return nil, err
	}
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || from < 0 || from >= len(found.Event) {
		return nil, &admin.BadRequestError{Problem: fmt.Sprintf("from must be a number below %d, the length of the event", len(found.Event))}
	}
	v := rest{ID: id, Path: trace.Path(found.Seq), From: from, Size: len(found.Event)}
	v.Payload = payload.Render(found.Event[from:], payload.Options{Elements: restElements})
	return &page{title: id, section: "/events", view: "rest", data: v}, nil
}
