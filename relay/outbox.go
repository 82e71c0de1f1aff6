package relay

import (
	"context"
	"errors"
	"net/http"

	"sidehook/relay/intake"
	"sidehook/relay/metrics"
	"sidehook/relay/outbox"
)

// acceptRows accepts rows of an outbox as events that are posted.
func (r *Relay) acceptRows(ctx context.Context, events []outbox.Event) ([]outbox.Outcome, error) {
	offers := make([]intake.Offer, len(events))
	for i, e := range events {
		offers[i] = intake.Offer{Body: e.Body, At: e.At}
	}
	results, p := r.intake.AcceptEach(ctx, offers)
	if p != nil {
		return nil, &notNow{p.Detail, p.Status}
	}
	outcomes := make([]outbox.Outcome, len(results))
	for i, result := range results {
		outcomes[i].Duplicate = result.Duplicate
		if result.Refused != nil {
			outcomes[i].Refused = result.Refused.Detail
		}
	}
	return outcomes, nil
}

// notNow is why rows are not accepted now. The details may differ each time, so the log
// tells the causes apart by the status.
type notNow struct {
	detail string
	status int
}

func (e *notNow) Error() string { return e.detail }
func (e *notNow) Unwrap() error { return errors.New(http.StatusText(e.status)) }

// outboxState returns the state of the outboxes, nil without any.
func (r *Relay) outboxState() *metrics.Outbox {
	s := r.outboxes.State()
	if s.Databases == 0 {
		return nil
	}
	return &metrics.Outbox{Up: s.Up, Oldest: s.Oldest, Accepted: s.Accepted, Duplicate: s.Duplicate, Refused: s.Refused}
}
