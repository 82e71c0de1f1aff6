package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"sidehook/history/event"
)

// Cancel says which waiting deliveries end: those that match all that is given.
type Cancel struct {
	Webhook string
	Event   string // an event's id, or seq:N
	Type    string
	Since   time.Time // accepted at or behind; zero: whenever
	Until   time.Time // accepted ahead of; zero: whenever
}

func (s *Server) cancel(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	var c Cancel
	p := readOrder(r, map[string]any{
		"webhook": &c.Webhook, "event": &c.Event, "type": &c.Type, "since": (*instant)(&c.Since), "until": (*instant)(&c.Until),
	})
	if p != nil {
		return p
	}
	if c.Webhook == "" && c.Event == "" {
		return refuse(http.StatusBadRequest, `name a "webhook" or an "event", or both`)
	}
	n, err := s.operator.Cancel(ctx, c)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, map[string]int{"canceled": n})
}

// instant is a time in the body of a call.
type instant time.Time

// UnmarshalJSON reads RFC 3339.
func (i *instant) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	at, err := parseInstant(text)
	if err == nil {
		*i = instant(at)
	}
	return err
}

// parseInstant reads RFC 3339. Its error follows the name of what is read.
func parseInstant(text string) (time.Time, error) {
	at, ok := event.ParseTime(text)
	if !ok {
		return at, fmt.Errorf("must be a time as in RFC 3339, such as 2026-11-23T14:55:00Z, not %.100q", text)
	}
	if at.IsZero() { // which stands for a time that is not given
		at = at.Add(1)
	}
	return at, nil
}
