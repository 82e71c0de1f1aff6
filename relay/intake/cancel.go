package intake

import (
	"context"
	"fmt"
	"net/http"
	"time"
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
	var since, until string
	p := readOrder(r, map[string]any{
		"webhook": &c.Webhook, "event": &c.Event, "type": &c.Type, "since": &since, "until": &until,
	})
	if p != nil {
		return p
	}
	if c.Webhook == "" && c.Event == "" {
		return refuse(http.StatusBadRequest, `name a "webhook" or an "event", or both`)
	}
	for _, bound := range []struct {
		key, text string
		at        *time.Time
	}{{"since", since, &c.Since}, {"until", until, &c.Until}} {
		if p := readTime(bound.key, bound.text, bound.at); p != nil {
			return p
		}
	}
	n, err := s.operator.Cancel(ctx, c)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, map[string]int{"canceled": n})
}

// readTime reads RFC 3339; "" leaves at as it is.
func readTime(key, text string, at *time.Time) *problem {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return refuse(http.StatusBadRequest, fmt.Sprintf("%q must be a time as in RFC 3339, such as 2026-11-23T14:55:00Z, not %q", key, text))
	}
	*at = t
	return nil
}
