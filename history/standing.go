package history

import "time"

// Standing is where the delivery of an event to a webhook stands.
type Standing struct {
	Webhook string
	Status  Status // of its last attempt; Untried before the first, "" of a test that has none
	Next    time.Time
	// Heir says that the event was not accepted for it: it took the delivery over
	// from the webhook of this name, which it was before.
	Heir  string
	Test  bool   // the event was a test of it
	Unmet string // why the condition failed that should have judged the event, or ""
}

// Why is what else there is to say of how the webhook came to the delivery, ""
// where that is as usual.
func (s *Standing) Why() string {
	switch {
	case s.Unmet != "":
		return "its condition failed: " + s.Unmet
	case s.Test:
		return "a test of it alone, past its events, its condition and its state"
	case s.Heir != "":
		return "took over from " + s.Heir
	}
	return ""
}

// Untried is the status of a delivery that no attempt was made at.
const Untried Status = "waiting"

// Standings say where the deliveries of the event stand: those to the webhooks
// that it was accepted for or is a test of, and behind them those to their
// heirs. An attempt of an heir is one at the delivery to the former name.
func (s *Story) Standings() []Standing {
	var list []Standing
	find := func(name string) *Standing {
		for i := range list {
			if list[i].Webhook == name {
				return &list[i]
			}
		}
		return nil
	}
	for _, name := range s.To {
		list = append(list, Standing{Webhook: name, Status: Untried})
	}
	for _, f := range s.Failures {
		if x := find(f.Webhook); x != nil {
			x.Unmet = f.Reason
		}
	}
	if s.Test != "" {
		list = append(list, Standing{Webhook: s.Test, Test: true})
	}
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		if o.Kind != kindAttempt {
			continue
		}
		if o.Was != "" && find(o.Was) != nil && find(o.Webhook) == nil {
			list = append(list, Standing{Webhook: o.Webhook, Heir: o.Was})
		}
		for i := range list {
			x := &list[i]
			if x.Webhook == o.queue() || x.Heir != "" && x.Webhook == o.Webhook {
				x.Status, x.Next = o.Status, o.Next
			}
		}
	}
	return list
}
