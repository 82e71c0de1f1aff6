package admin

import (
	"context"
	"net/http"

	"sidehook/history/query"
	"sidehook/relay/httpd"
)

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
