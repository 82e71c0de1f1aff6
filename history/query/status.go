package query

import (
	"time"

	"sidehook/history"
)

// DeliveryStatus is the state of the delivery of an event to a webhook.
type DeliveryStatus struct {
	Webhook string
	Status  history.Status // of its last attempt; Pending before the first, "" for a test without one
	Next    time.Time
	Was     string      // its former name, if the event was accepted for that; else ""
	Test    bool        // the event was a test of it
	moved   history.Seq // the seq that continues under another name, which has the result of an attempt in flight
	Unmet   string      // why the condition failed that should have judged the event, or ""
}

// Why returns why the webhook has the delivery, "" in the usual case.
func (s *DeliveryStatus) Why() string {
	switch {
	case s.Unmet != "":
		return "its condition failed: " + s.Unmet
	case s.Test:
		return "a test of it alone, past its events, its condition and its state"
	case s.Was != "":
		return "renamed from " + s.Was
	}
	return ""
}

// Pending is the status of a delivery without an attempt.
const Pending history.Status = "waiting"

// Statuses returns the states of the event's deliveries: those to the webhooks that it
// was accepted for or is a test of, then those to webhooks that were renamed while it
// waited.
func (s *EventTrace) Statuses() []DeliveryStatus {
	var list []DeliveryStatus
	find := func(name string) *DeliveryStatus {
		for i := range list {
			if list[i].Webhook == name {
				return &list[i]
			}
		}
		return nil
	}
	for _, name := range s.To {
		list = append(list, DeliveryStatus{Webhook: name, Status: Pending})
	}
	for _, f := range s.Failures {
		if x := find(f.Webhook); x != nil {
			x.Unmet = f.Reason
		}
	}
	if s.Test != "" {
		list = append(list, DeliveryStatus{Webhook: s.Test, Test: true})
	}
	renamed := func(was, to string) {
		if find(was) != nil && find(to) == nil {
			list = append(list, DeliveryStatus{Webhook: to, Status: Pending, Was: was})
		}
	}
	for i := range s.Resends {
		if r := &s.Resends[i]; r.Was != "" {
			renamed(r.Was, r.To[0])
		}
	}
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		if o.Kind != history.KindAttempt || o.Late {
			continue
		}
		renamed(o.Was, o.Webhook)
		for _, name := range [...]string{o.Was, o.Webhook} {
			if x := find(name); x != nil && o.Seq != x.moved {
				x.Status, x.Next = o.Status, o.Next
				if o.RenamedTo != "" {
					x.moved = o.Seq
				}
			}
		}
	}
	return list
}
