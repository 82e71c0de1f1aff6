package admin

import (
	"context"
	"net/http"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

func (h *Handler) cancel(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	var c api.CancelRequest
	if p := readRequest(r, &c); p != nil {
		return p
	}
	if c.Webhook == "" && c.Event == "" {
		return httpd.Refuse(http.StatusBadRequest, `"webhook" or "event" is required`)
	}
	n, err := h.operator.Cancel(ctx, c)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, api.Canceled{Count: n})
}
