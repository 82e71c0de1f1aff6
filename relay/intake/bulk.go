package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"sidehook/history"
)

// Bulk says which deliveries are made again: those whose end matches all that is
// given.
type Bulk struct {
	Webhook  string // "" for all that are in the file
	Type     string
	Statuses []history.Status // none: those that did not arrive
	Since    time.Time        // it ended at or behind
	Until    time.Time        // and ahead of; zero: whenever
	To       string           // the webhook that gets them in place of their own
	By       string           // who asks: cli or api
}

// Resends says what a Bulk did.
type Resends struct {
	Count int         `json:"count"`
	Seqs  [][2]uint64 `json:"seqs,omitempty"` // the ranges of seqs that they have, from and to
	Gone  int         `json:"gone,omitempty"` // more that match, whose events have been removed
}

// bulkTime is more than finding a million deliveries and making them durable
// takes.
const bulkTime = 10 * time.Minute

func (s *Server) resendBulk(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	b, p := readBulk(r)
	if p != nil {
		return p
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bulkTime)) // as in testWebhook
	done, err := s.operator.ResendBulk(ctx, b)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusAccepted, done)
}

func readBulk(r *http.Request) (b Bulk, p *problem) {
	var statuses wordList
	p = readOrder(r, map[string]any{
		"webhook": &b.Webhook, "since": (*instant)(&b.Since), "until": (*instant)(&b.Until), "status": &statuses, "type": &b.Type, "to": &b.To,
	})
	if p != nil {
		return b, p
	}
	if b.Since.IsZero() {
		return b, refuse(http.StatusBadRequest, `"since" is missing: say since when they have ended, such as 2026-11-23T14:55:00Z`)
	}
	for _, name := range statuses {
		if !slices.Contains(history.Ends(), history.Status(name)) {
			detail := fmt.Sprintf("%q is not how a delivery ends; there are delivered, failed, exhausted, canceled and expired", name)
			if name == string(history.Retrying) {
				detail = `what is retrying still waits: POST /v1/webhooks/{name}/retry makes it due now`
			}
			return b, refuse(http.StatusBadRequest, detail)
		}
		b.Statuses = append(b.Statuses, history.Status(name))
	}
	b.By = caller(r)
	return b, nil
}

// wordList is words given as a list, or as a string with commas.
type wordList []string

// UnmarshalJSON takes either.
func (l *wordList) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = nil
		if one != "" {
			*l = strings.Split(one, ",")
		}
		return nil
	}
	var list []string
	if json.Unmarshal(text, &list) != nil {
		return &json.UnmarshalTypeError{Value: "JSON", Type: reflect.TypeFor[wordList]()}
	}
	*l = list
	return nil
}
