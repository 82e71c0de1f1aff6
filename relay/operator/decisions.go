package operator

import (
	"slices"

	"sidehook/history/query"
	"sidehook/relay/api"
)

// maxDecisions limits how many webhooks that did not get an event are listed.
const maxDecisions = 100

// decisions returns why each webhook got an event, and why each other webhook would
// get it, or not, by the current configuration. The failure of a condition is the one
// recorded when the event was accepted.
func (o *Operator) decisions(story *query.EventTrace) []api.Decision {
	active, _ := o.current()
	explainer := active.Matcher.Explain(&story.Parsed)
	statuses := story.Statuses()
	var list []api.Decision
	for _, s := range statuses {
		d := api.Decision{Webhook: s.Webhook, Wanted: true, Status: string(s.Status), Next: s.Next, Why: s.Why()}
		if slices.Contains(story.To, s.Webhook) {
			explainer.Got(&d, active.Webhooks[s.Webhook].Config)
		}
		list = append(list, d)
	}
	if story.Test != "" {
		return list // the globs of the others had no part in it
	}
	others := 0
	for _, w := range active.File.Webhooks {
		listed := slices.ContainsFunc(statuses, func(s query.DeliveryStatus) bool { return s.Webhook == w.Name })
		if others == maxDecisions || listed {
			continue
		}
		others++
		list = append(list, explainer.Now(w))
	}
	return list
}
