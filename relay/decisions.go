package relay

import (
	"maps"
	"slices"
	"strings"

	"sidehook/config"
	"sidehook/config/expression"
	"sidehook/history/query"
	"sidehook/relay/api"
)

// maxDecisions limits how many webhooks that did not get an event are listed.
const maxDecisions = 100

// decisions returns why each webhook got an event, and why each other webhook would
// get it, or not, by the current configuration. The failure of a condition is the one
// recorded when the event was accepted.
func (o *operator) decisions(story *query.EventTrace) []api.Decision {
	active, _ := o.current()
	typ, about := story.Parsed.Type, eventOf(&story.Parsed)
	has := maps.Collect(attributesOf(&story.Parsed))
	statuses := story.Statuses()
	var list []api.Decision
	for _, s := range statuses {
		d := api.Decision{Webhook: s.Webhook, Wanted: true, Status: string(s.Status), Next: s.Next, Why: s.Why()}
		if slices.Contains(story.To, s.Webhook) {
			d.Glob, _ = active.matcher.index.Why(typ, s.Webhook)
			d.When = active.trueCondition(s.Webhook, about)
			d.Match = active.metMatch(s.Webhook, has)
		}
		list = append(list, d)
	}
	if story.Test != "" {
		return list // the globs of the others had no part in it
	}
	others := 0
	for _, w := range active.file.Webhooks {
		listed := slices.ContainsFunc(statuses, func(s query.DeliveryStatus) bool { return s.Webhook == w.Name })
		if others == maxDecisions || listed {
			continue
		}
		others++
		list = append(list, active.matcher.decideNow(w, typ, has, about))
	}
	return list
}

// trueCondition returns the condition of a webhook that got an event. It returns ""
// if there is none, or if it is false and so cannot be the one of that time.
func (f *activeConfig) trueCondition(name string, about *expression.Event) string {
	w := f.webhooks[name].config
	if w == nil || w.When == nil {
		return ""
	}
	if holds, err := w.When.Holds(about); !holds && err == nil {
		return ""
	}
	return w.When.String()
}

// metMatch returns the match of a webhook that got an event, with the values of the event.
// It returns nil if there is none, or if the event does not have all of it, so that it
// cannot be the one of that time.
func (f *activeConfig) metMatch(name string, has map[string]string) map[string]string {
	w := f.webhooks[name].config
	if w == nil || len(w.Match) == 0 || unmet(w.Match, has) != "" {
		return nil
	}
	return met(w.Match, has)
}

// decideNow decides about an event as if it were posted now.
func (m *matcher) decideNow(w *config.Webhook, typ string, has map[string]string, about *expression.Event) api.Decision {
	d := api.Decision{Webhook: w.Name, Now: true}
	d.Glob, d.Wanted = m.index.Why(typ, w.Name)
	if d.Wanted && len(w.Match) > 0 {
		if d.Why = unmet(w.Match, has); d.Why != "" {
			d.Wanted = false
			return d
		}
		d.Match = met(w.Match, has)
	}
	if d.Wanted && w.When != nil {
		d.When = w.When.String()
		holds, err := w.When.Holds(about)
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
		i := slices.IndexFunc(w.Events, func(glob string) bool { return config.Matches(glob, typ) })
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
