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
	all := Outages{}
	for _, first := range r.deliveries.Segments() {
		lines, err := r.deliveries.Lookup(first, lookup.WantStates())
		if err != nil && !lookup.IsGone(err) {
			return nil, err
		}
		for i := range lines {
			d := history.ParseDeliveryRecord(&lines[i])
			all.Learn(&d)
		}
	}
	return all.Within(since, until), nil
}

// Outages are the outages of webhooks, of which the last of each may go on.
type Outages map[string][]history.Outage

// Learn takes in the record of a state, in their order.
func (all Outages) Learn(d *history.DeliveryRecord) {
	all[d.Webhook] = learnState(all[d.Webhook], d.WebhookState(), d.At)
}

// Within returns those within a span.
func (all Outages) Within(since, until time.Time) Outages {
	for name, list := range all {
		within := list[:0]
		for _, o := range list {
			if o.From.Before(until) && (o.To.IsZero() || o.To.After(since)) {
				within = append(within, o)
			}
		}
		all[name] = within
	}
	return all
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
