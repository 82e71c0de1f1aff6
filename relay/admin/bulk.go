package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// bulkTime is more than it takes to find a million deliveries and make them durable.
const bulkTime = 10 * time.Minute

func (h *Handler) resendBulk(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	b := api.BulkRequest{By: caller(r)}
	if p := readRequest(r, &b); p != nil {
		return p
	}
	if err := CheckBulk(&b); err != nil {
		return problemOf(err)
	}
	httpd.ExtendWrite(w, bulkTime)
	if b.DryRun {
		return answerSelected(w)(h.operator.SelectBulk(ctx, b))
	}
	done, err := h.operator.ResendBulk(ctx, b)
	if err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusAccepted, done)
}

func checkGlob(text string) *httpd.Problem {
	if _, err := query.ParseGlob(text); err != nil {
		return httpd.Refuse(http.StatusBadRequest, fmt.Sprintf(`key "type": %v`, err))
	}
	return nil
}

// CheckBulk returns a *BadRequestError if a request makes no sense.
func CheckBulk(b *api.BulkRequest) error {
	if b.Since.IsZero() {
		return &BadRequestError{Problem: `"since" is required, such as 2026-11-23T14:55:00Z`}
	}
	if _, err := query.ParseGlob(b.Type); err != nil {
		return &BadRequestError{Problem: fmt.Sprintf(`key "type": %v`, err)}
	}
	for _, status := range b.Statuses {
		switch {
		case status == history.Retrying:
			return &BadRequestError{Problem: `a retrying delivery has not ended; to retry it now, use POST /v1/webhooks/{name}/retry`}
		case !slices.Contains(history.Ends(), status):
			return &BadRequestError{Problem: fmt.Sprintf("unknown final status %q; use delivered, failed, exhausted, canceled or expired", status)}
		}
	}
	return nil
}
