package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sidehook/relay/httpd"
)

const (
	livePath = "/live"
	// beat is how often the server looks for changes of an open page.
	beat = time.Second
	// seldom is how often it looks for changes of the rows that a page shows.
	seldom = 5 * time.Second
	// quiet is after how long without a change a stream says that it is there.
	quiet = 15 * time.Second
)

// news is what has changed on a page since it was rendered, or since the news before.
type news struct {
	Status string            `json:"status,omitempty"` // HTML of the status bar
	Parts  map[string]string `json:"parts,omitempty"`  // HTML by the ids of elements
	Rows   string            `json:"rows,omitempty"`   // HTML of new rows
	Newest uint64            `json:"newest"`           // the highest number of a row
}

// watching is one open page that is kept up to date.
type watching struct {
	handler *Handler
	request *request // for the page
	newest  uint64
	sent    map[string]string // HTML by the ids of elements
	again   time.Time         // when rows that may have changed were last read
}

// live answers GET /live?page=…&after=…: with the news of a page, or with a stream of
// them, each as soon as there is one (text/event-stream). A session has few streams;
// beyond them the answer is 204, after which a browser polls.
func (h *Handler) live(ctx context.Context, w http.ResponseWriter, r *request) {
	query := r.URL.Query()
	target, err := url.ParseRequestURI(query.Get("page"))
	after, wrong := strconv.ParseUint(query.Get("after"), 10, 64)
	if err != nil || wrong != nil || target.Host != "" || target.Path == livePath {
		http.Error(w, "page must be the path of a page, and after a number", http.StatusBadRequest)
		return
	}
	of := *r
	of.live = true
	of.Request = r.Request.Clone(ctx)
	of.URL, of.RequestURI = target, target.RequestURI()
	watched := &watching{handler: h, request: &of, newest: after, sent: map[string]string{}}
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		h.poll(ctx, w, r, watched)
		return
	}
	h.stream(ctx, w, r, watched)
}

func (h *Handler) poll(ctx context.Context, w http.ResponseWriter, r *request, watched *watching) {
	n, err := watched.news(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	body, err := json.Marshal(n)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.write(w, r.Request, http.StatusOK, "application/json", body)
}

func (h *Handler) stream(ctx context.Context, w http.ResponseWriter, r *request, watched *watching) {
	end, ok := h.opts.Sessions.Stream(r.cookie)
	if !ok {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	defer end()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	client := http.NewResponseController(w)
	_ = client.SetReadDeadline(time.Time{})
	every := time.NewTicker(beat)
	defer every.Stop()
	said := time.Time{}
	for h.mayLook(r) {
		n, err := watched.news(ctx)
		if err != nil {
			return // the browser connects again, and polls
		}
		switch {
		case n.isEmpty() && time.Since(said) < quiet:
		default:
			line, err := json.Marshal(n)
			if err != nil {
				return
			}
			said = time.Now()
			httpd.ExtendWrite(w, quiet)
			if _, err := w.Write(append(append([]byte("data: "), line...), "\n\n"...)); err != nil || client.Flush() != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-h.opts.Stopping:
			return
		case <-every.C:
		}
	}
}

func (n *news) isEmpty() bool { return n.Status == "" && len(n.Parts) == 0 && n.Rows == "" }

// news renders what has changed.
func (w *watching) news(ctx context.Context) (*news, error) {
	h, p := w.handler, w.handler.page(ctx, w.request)
	n := &news{Parts: map[string]string{}}
	status, err := h.views.Render(p.view, "status", h.status(w.request))
	if err != nil {
		return nil, err
	}
	n.Status = w.unsent("status", status)
	for _, part := range p.parts {
		html, err := h.views.Render(p.view, part, p.data)
		if err != nil {
			return nil, err
		}
		if changed := w.unsent(part, html); changed != "" {
			n.Parts[part] = changed
		}
	}
	if p.newer != nil && p.newest > w.newest {
		fresh, err := p.newer(w.newest)
		if err != nil {
			return nil, err
		}
		rows, err := h.views.Render(p.view, "rows", fresh)
		if err != nil {
			return nil, err
		}
		n.Rows, w.newest = string(rows), p.newest
	}
	if p.again != nil && time.Since(w.again) >= seldom {
		w.again = time.Now()
		old, err := p.again()
		if err != nil {
			return nil, err
		}
		rows, err := h.views.Render(p.view, "rows", old)
		if err != nil {
			return nil, err
		}
		n.Rows += w.unsent("rows", rows)
	}
	n.Newest = w.newest
	return n, nil
}

// unsent returns HTML that is other than what was sent, or "".
func (w *watching) unsent(id string, html []byte) string {
	if w.sent[id] == string(html) {
		return ""
	}
	w.sent[id] = string(html)
	return w.sent[id]
}
