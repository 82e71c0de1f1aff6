package intake

import (
	"context"
	"net/http"

	"sidehook/relay/api"
)

func (s *Server) cancel(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	var c api.CancelRequest
	if p := readOrder(r, &c); p != nil {
		return p
	}
	if c.Webhook == "" && c.Event == "" {
		return refuse(http.StatusBadRequest, `name a "webhook" or an "event", or both`)
	}
	n, err := s.operator.Cancel(ctx, c)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, api.Canceled{Count: n})
}
