package intake

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
)

// bulkTime is more than finding a million deliveries and making them durable
// takes.
const bulkTime = 10 * time.Minute

func (s *Server) resendBulk(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	b := api.BulkRequest{By: caller(r)}
	if p := readOrder(r, &b); p != nil {
		return p
	}
	if p := checkBulk(&b); p != nil {
		return p
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bulkTime)) // as in testWebhook
	done, err := s.operator.ResendBulk(ctx, b)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusAccepted, done)
}

func checkBulk(b *api.BulkRequest) *problem {
	if b.Since.IsZero() {
		return refuse(http.StatusBadRequest, `"since" is missing: say since when they have ended, such as 2026-11-23T14:55:00Z`)
	}
	for _, status := range b.Statuses {
		switch {
		case status == history.Retrying:
			return refuse(http.StatusBadRequest, `what is retrying still waits: POST /v1/webhooks/{name}/retry makes it due now`)
		case !slices.Contains(history.Ends(), status):
			return refuse(http.StatusBadRequest, fmt.Sprintf("%q is not how a delivery ends; there are delivered, failed, exhausted, canceled and expired", status))
		}
	}
	return nil
}
