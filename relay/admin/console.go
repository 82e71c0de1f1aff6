package admin

import (
	"context"
	"net/http"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

func (h *Handler) consoleLink(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	var l api.ConsoleLinkRequest
	if p := readRequest(r, &l); p != nil {
		return p
	}
	link, err := h.operator.ConsoleLink(ctx, l)
	if err != nil {
		return problemOf(err)
	}
	w.Header()["Cache-Control"] = []string{"no-store"}
	return httpd.AnswerJSON(w, http.StatusOK, link)
}
