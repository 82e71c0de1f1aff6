package matching

import (
	"maps"
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history/event"
	"sidehook/relay/api"
)

// Explainer says of one event why webhooks get it or not.
type Explainer struct {
	globs      map[string]string // that match its type, by webhooks
	typ        string
	attributes map[string]string
	about      *expression.Event
}

// Explain returns the explainer of an event.
func (m *Matcher) Explain(e *event.Event) *Explainer {
	return &Explainer{globs: m.index.Why(e.Type), typ: e.Type, attributes: maps.Collect(attributesOf(e)), about: eventOf(e)}
}

// Got fills in why a webhook got the event when it was accepted, as far as that still
// holds: w is its entry now, nil if it was removed. A requirement of the entry that the
// event does not fulfill cannot have been there then, and is left out.
func (x *Explainer) Got(d *api.Decision, w *config.Webhook) {
	d.Glob = x.globs[d.Webhook]
	if w == nil {
		return
	}
	if w.When != nil {
		if holds, err := w.When.Holds(x.about); holds || err != nil {
			d.When = w.When.String()
		}
	}
	if len(w.Match) > 0 && unmet(w.Match, x.attributes) == "" {
		d.Match = met(w.Match, x.attributes)
	}
}

// Now decides about the event as if it were posted now.
func (x *Explainer) Now(w *config.Webhook) api.Decision {
	d := api.Decision{Webhook: w.Name, Now: true}
	d.Glob, d.Wanted = x.globs[w.Name]
	if d.Wanted && len(w.Match) > 0 {
		if d.Why = unmet(w.Match, x.attributes); d.Why != "" {
			d.Wanted = false
			return d
		}
		d.Match = met(w.Match, x.attributes)
	}
	if d.Wanted && w.When != nil {
		d.When = w.When.String()
		holds, err := w.When.Holds(x.about)
		switch {
		case err != nil:
			d.Why = "its condition fails: " + err.Error()
			return d
		case !holds:
			d.Wanted, d.Why = false, "its condition is false: "+d.When
			return d
		}
	}
	switch {
	case !w.Enabled:
		d.Why = "it is off"
		i := slices.IndexFunc(w.Events, func(glob string) bool { return config.Matches(glob, x.typ) })
		if i >= 0 { // the index does not have it
			d.Glob = w.Events[i]
		}
	case !d.Wanted:
		d.Why = "none of its events match: " + strings.Join(w.Events, ", ")
	default:
		d.Why = "it was off or not in the file when the event was accepted"
		switch {
		case w.When != nil:
			d.Why = "it was off, not in the file, or had another condition when the event was accepted"
		case len(w.Match) > 0:
			d.Why = "it was off, not in the file, or had another match when the event was accepted"
		}
	}
	return d
}
