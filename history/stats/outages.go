package stats

import (
	"time"

	"sidehook/history"
)

// The states in which a webhook has an outage.
const (
	stateFailing  = "failing"
	stateDisabled = "disabled"
)

// Outages are the outages of webhooks, of which the last of each may go on.
type Outages map[string][]history.Outage

// Learn adds the record of a state. They must come in order.
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

// learnState adds to the outages of a webhook a state that it went into, or whose record
// was repeated.
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
