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
	if p := checkGlob(c.Type); p != nil {
		return p
	}
	if c.DryRun {
		return answerSelected(w)(h.operator.SelectCancel(ctx, c))
	}
	n, err := h.operator.Cancel(ctx, c)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, api.Canceled{Count: n})
}

// answerSelected answers a dry run.
func answerSelected(w http.ResponseWriter) func(api.Selected, error) *httpd.Problem {
	return func(selected api.Selected, err error) *httpd.Problem {
		if err != nil {
			return problemOf(err)
		}
		selected.Events = orEmpty(selected.Events)
		return httpd.AnswerJSON(w, http.StatusOK, selected)
	}
}
