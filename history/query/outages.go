package query

import (
	"time"

	"sidehook/history"
	"sidehook/history/internal/lookup"
)

// The states in which a webhook has an outage.
const (
	stateFailing  = "failing"
	stateDisabled = "disabled"
)

// outages returns when each webhook was failing or disabled within a span.
func (r *Reader) outages(since, until time.Time) (map[string][]history.Outage, error) {
	all := map[string][]history.Outage{} // the last of each may go on
	for _, first := range r.deliveries.Segments() {
		lines, err := r.deliveries.Lookup(first, 0, lookup.WantStates())
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		for i := range lines {
			d := history.ParseDeliveryRecord(&lines[i])
			all[d.Webhook] = learnState(all[d.Webhook], d.WebhookState(), d.At)
		}
	}
	for name, list := range all {
		within := list[:0]
		for _, o := range list {
			if o.From.Before(until) && (o.To.IsZero() || o.To.After(since)) {
				within = append(within, o)
			}
		}
		all[name] = within
	}
	return all, nil
}

// learnState continues the outages of a webhook with a state that it went into, or is
// said to be in again.
func learnState(list []history.Outage, s history.WebhookState, at time.Time) []history.Outage {
	if !s.Since.IsZero() {
		at = s.Since
	}
	if n := len(list); n > 0 && list[n-1].To.IsZero() {
		if list[n-1].State == s.Name {
			return list
		}
		list[n-1].To = at
	}
	if s.Name == stateFailing || s.Name == stateDisabled {
		list = append(list, history.Outage{State: s.Name, From: at, Why: s.Why})
	}
	return list
}
