package console

import (
	"context"
	"embed"
	"errors"
	"net/http"

	"sidehook/relay/admin"
	"sidehook/relay/console/view"
)

//go:embed assets templates/*.html
var files embed.FS

// page is what a request is answered with.
type page struct {
	title   string
	section string // the entry of the navigation that it belongs to, by its path
	view    string // its template: templates/<view>.html
	data    any
	status  int // 0: 200
	// location is the path of the page to show instead; "": this one.
	location string
	file     *file // what is answered in place of HTML; nil: nothing

	// parts are the templates that are rendered again while the page is open. Each is the
	// content of the element whose id is its name.
	parts []string
	// newer returns the data of template rows with those rows alone that have a higher
	// number, and newest is the highest number; nil: the page has no live rows.
	newer  func(than uint64) (any, error)
	newest uint64
	// again returns the data of template rows with those rows that may have changed since
	// they were shown; nil: none do.
	again func() (any, error)
	// alone is the template that is the whole answer to the script, which puts it into the
	// page that is open; "": there is none.
	alone string
}

// isLive reports whether the page changes while it is open.
func (p *page) isLive() bool { return len(p.parts) > 0 || p.newer != nil }

// frame is the data of the layout.
type frame struct {
	Title   string
	Section string
	Status  status
	Live    string // what GET /live is asked for; "": the page stays as it is
	Newest  uint64 // of its live rows
	MayEdit bool
	Search  string
	Data    any
}

// whole renders a page with the layout.
func (h *Handler) whole(ctx context.Context, r *request, p *page) ([]byte, error) {
	f := frame{
		Title: p.title, Section: p.section, Data: p.data, Newest: p.newest, MayEdit: r.mayEdit,
		Status: h.status(r), Search: r.URL.Query().Get("q"),
	}
	if p.isLive() {
		f.Live = r.URL.RequestURI()
	}
	return h.views.Render(p.view, "layout.html", f)
}

// problem returns the page for an error.
func problem(status int, title, detail string) *page {
	return &page{title: title, view: "problem", status: status, data: struct{ Title, Detail string }{title, detail}}
}

// problemOf returns the page for an error of the operator.
func (h *Handler) problemOf(err error) *page {
	var (
		missing       *admin.NotFoundError
		unprocessable *admin.UnprocessableError
		bad           *admin.BadRequestError
	)
	detail := view.Sentence(err.Error())
	switch {
	case errors.As(err, &missing):
		return problem(http.StatusNotFound, "Not found", detail)
	case errors.As(err, &bad):
		return problem(http.StatusBadRequest, "Cannot show this", detail)
	case errors.As(err, &unprocessable):
		return problem(http.StatusUnprocessableEntity, "Cannot show this", detail)
	}
	h.opts.Log.Warn("a page of the console cannot be shown", "error", err)
	return problem(http.StatusServiceUnavailable, "Cannot answer now", detail)
}
