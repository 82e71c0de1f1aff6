package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/payload"
)

// responseElements bounds what one response adds to a page, on which several may be open.
const responseElements = 200

// response is what a receiver answered to an attempt.
type response struct {
	attempt
	Answer  *api.Response // nil: there was none
	Text    string        // of the code: Service Unavailable
	Remote  string
	Payload payload.View
}

// response is the page of an attempt's response, which the script opens below its row.
func (h *Handler) response(ctx context.Context, r *request, number string) (*page, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 {
		return nil, &admin.NotFoundError{What: fmt.Sprintf("attempt %.100q", number)}
	}
	records, err := h.operator.History(ctx)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	var found *history.DeliveryRecord
	err = records.Attempts(query.Query{After: history.LineNo(n - 1), Before: history.LineNo(n + 1)}, func(o *history.DeliveryRecord) bool {
		found = o
		return false
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, &admin.NotFoundError{What: fmt.Sprintf("attempt %d in the history", n)}
	}
	v := response{attempt: (&attempts{MayEdit: r.mayEdit}).row(found), Remote: found.Remote, Text: http.StatusText(found.Code)}
	if len(found.Response) > 0 {
		if err := json.Unmarshal(found.Response, &v.Answer); err != nil {
			return nil, fmt.Errorf("attempt %d: its response: %w", n, err)
		}
	}
	if v.Answer != nil {
		v.Payload = payload.Render(v.Answer.Bytes(), payload.Options{Type: v.Answer.Headers.Get("Content-Type"), Cut: v.Answer.Truncated, Elements: responseElements})
	}
	return &page{title: fmt.Sprintf("Response to attempt %d", n), section: "/deliveries", view: "response", data: v, alone: "response"}, nil
}
