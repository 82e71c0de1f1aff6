package admin

import (
	"context"
	"net/http"
	"strings"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

func (h *Handler) resend(ctx context.Context, w http.ResponseWriter, r *http.Request, id string) *httpd.Problem {
	which, p := whichEvent(r, id)
	if p != nil {
		return p
	}
	to, p := readTarget(r)
	if p != nil {
		return p
	}
	resent, err := h.operator.Resend(ctx, which, to)
	if err != nil {
		return problemOf(err)
	}
	resent.Webhooks = orEmpty(resent.Webhooks)
	return httpd.AnswerJSON(w, http.StatusAccepted, resent)
}

// readTarget reads {"webhooks": […]} or {"all": true}, or no body at all.
func readTarget(r *http.Request) (to api.ResendRequest, p *httpd.Problem) {
	to.By = caller(r)
	if p := readRequest(r, &to); p != nil {
		return to, p
	}
	switch {
	case to.All && to.Webhooks != nil:
		return to, httpd.Refuse(http.StatusBadRequest, `"webhooks" and "all" cannot be used together`)
	case to.Webhooks != nil && len(to.Webhooks) == 0:
		return to, httpd.Refuse(http.StatusBadRequest, `"webhooks" is empty`)
	}
	return to, nil
}

// caller returns who asks, as the history names it.
func caller(r *http.Request) string {
	if strings.HasPrefix(r.UserAgent(), api.CommandAgent) {
		return "cli"
	}
	return "api"
}
