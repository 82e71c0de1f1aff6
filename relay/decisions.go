package relay

import (
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history/query"
	"sidehook/relay/api"
)

// maxDecisions bounds the webhooks that are told of because they do not want
// an event.
const maxDecisions = 100

// decisions say why each webhook got the event, and, as the file in force
// decides now, why the others would or would not. What the conditions failed on
// is told as it was decided then.
func (o *operator) decisions(story *query.EventTrace) []api.Decision {
	f, _ := o.inForce()
	typ, about := story.Parsed.Type, eventOf(&story.Parsed)
	standings := story.Statuses()
	var list []api.Decision
	for _, s := range standings {
		d := api.Decision{Webhook: s.Webhook, Wanted: true, Status: string(s.Status), Next: s.Next, Why: s.Why()}
		if slices.Contains(story.To, s.Webhook) {
			d.Glob, _ = f.decider.index.Why(typ, s.Webhook)
			d.When = f.held(s.Webhook, about)
		}
		list = append(list, d)
	}
	if story.Test != "" {
		return list // what the others want decided nothing
	}
	others := 0
	for _, w := range f.file.Webhooks {
		told := slices.ContainsFunc(standings, func(s query.DeliveryStatus) bool { return s.Webhook == w.Name })
		if others == maxDecisions || told {
			continue
		}
		others++
		list = append(list, f.decider.now(w, typ, about))
	}
	return list
}

// held is the condition of a webhook that got an event; "" if it has none, or
// one that does not hold and so is not the one of that time.
func (f *force) held(name string, about *expression.Event) string {
	w := f.webhooks[name].config
	if w == nil || w.When == nil {
		return ""
	}
	if holds, err := w.When.Holds(about); !holds && err == nil {
		return ""
	}
	return w.When.String()
}

// now decides on an event as if it came now.
func (d *decider) now(w *config.Webhook, typ string, about *expression.Event) api.Decision {
	is := api.Decision{Webhook: w.Name, Now: true}
	is.Glob, is.Wanted = d.index.Why(typ, w.Name)
	if is.Wanted && w.When != nil {
		is.When = w.When.String()
		holds, err := w.When.Holds(about)
		switch {
		case err != nil:
			is.Why = "its condition fails: " + err.Error()
			return is
		case !holds:
			is.Wanted, is.Why = false, "its condition is false: "+is.When
			return is
		}
	}
	switch {
	case !w.Enabled:
		is.Why = "it is off"
	case !is.Wanted:
		is.Why = "none of its events match: " + strings.Join(w.Events, ", ")
	default:
		is.Why = "it was off or not there when the event was accepted"
		if w.When != nil {
			is.Why = "it, or its condition, was another when the event was accepted"
		}
	}
	return is
}
