package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"sidehook/relay/console/view"
	"sidehook/relay/httpd"
)

// request is a request for a page.
type request struct {
	*http.Request
	visitor httpd.Visitor
	cookie  string // of its session; "" without one
	mayEdit bool   // it has a session for changes
	live    bool   // the page is open: its rows are not read again
}

// pageFunc makes a page. arg is the {} of its path. An error becomes a page that says it:
// problemOf has those of the operator.
type pageFunc func(ctx context.Context, r *request, arg string) (*page, error)

// route is a page by its path, in which one segment may be {}.
type route struct {
	path string
	page pageFunc
}

// find returns the page of a path, and the {} in it; nil if there is none. The path is
// escaped, so that a slash in a name separates nothing.
func (h *Handler) find(path string) (pageFunc, string) {
	for _, r := range h.routes {
		head, tail, open := strings.Cut(r.path, "{}")
		if !open {
			if r.path == path {
				return r.page, ""
			}
			continue
		}
		arg, ok := strings.CutPrefix(path, head)
		if !ok {
			continue
		}
		if arg, ok = strings.CutSuffix(arg, tail); !ok || arg == "" || strings.Contains(arg, "/") {
			continue
		}
		if arg, err := url.PathUnescape(arg); err == nil {
			return r.page, arg
		}
	}
	return nil, ""
}

// Serve answers a request that no call of the API matches.
func (h *Handler) Serve(ctx context.Context, w http.ResponseWriter, r *http.Request, v httpd.Visitor) {
	secure(w.Header())
	if err := h.prepare(); err != nil {
		h.opts.Log.Error("internal error: the console cannot be shown", "error", err)
		http.Error(w, "internal error; see the log of sidehook", http.StatusInternalServerError)
		return
	}
	req := &request{Request: r, visitor: v}
	path := r.URL.EscapedPath()
	known, _ := h.find(path)
	isChange := strings.HasPrefix(path, changePath)
	h.identify(req)
	switch {
	case v.Foreign:
		h.bounce(w, req)
	case h.assets.Serve(w, r):
	case path == inPath:
		h.in(w, req)
	case known == nil && !isChange && path != livePath && !wantsPage(r):
		v.Missing().Write(w)
	case !h.mayLook(req):
		h.askToSignIn(w, req)
	case isChange:
		h.change(ctx, w, req)
	case !looks(r):
		w.Header().Set("Allow", "GET, HEAD")
		httpd.Refuse(http.StatusMethodNotAllowed, "method not allowed; use GET").Write(w)
	case path == livePath:
		h.live(ctx, w, req)
	default:
		h.answer(ctx, w, req, h.page(ctx, req))
	}
}

// page returns the page for a request: that of an error if there is no other.
func (h *Handler) page(ctx context.Context, r *request) *page {
	make, arg := h.find(r.URL.EscapedPath())
	if make == nil {
		return problem(http.StatusNotFound, "No such page", "There is no page at this address.")
	}
	p, err := make(ctx, r, arg)
	if err != nil {
		return h.problemOf(err)
	}
	return p
}

// answer writes a page.
func (h *Handler) answer(ctx context.Context, w http.ResponseWriter, r *request, p *page) {
	if p.location != "" {
		http.Redirect(w, r.Request, p.location, http.StatusSeeOther)
		return
	}
	if p.file != nil {
		p.file.write(w)
		return
	}
	var body []byte
	var err error
	if p.alone != "" && r.URL.Query().Has("alone") {
		body, err = h.views.Render(p.view, p.alone, p.data)
	} else {
		body, err = h.whole(ctx, r, p)
	}
	if err != nil {
		h.opts.Log.Error("internal error: a page of the console cannot be written", "path", r.URL.Path, "error", err)
		http.Error(w, "internal error; see the log of sidehook", http.StatusInternalServerError)
		return
	}
	status := http.StatusOK
	if p.status != 0 {
		status = p.status
	}
	h.write(w, r.Request, status, "text/html; charset=utf-8", body)
}

// write writes an answer that no cache may keep, compressed if the browser accepts that.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	const short = 1 << 10
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	if len(body) > short && view.AcceptsGzip(r) {
		if packed, err := view.Compress(body, gzip.BestSpeed); err == nil {
			header.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
