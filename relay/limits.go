package relay

import (
	"sidehook/config"
	"sidehook/history/queue"
)

// limit tells the queues when what waits in them is not worth sending any more.
func (r *Relay) limit() {
	keep := r.force.file.History.Keep
	kept := queue.Limit{Setting: "keep " + config.FormatDuration(keep), Age: keep}
	for _, q := range r.journal.Queues() {
		if e, ok := r.force.webhooks[q.Name()]; ok {
			q.Limit(r.force.generation, append(limitsOf(e.config), kept)...)
		} else {
			q.Limit(r.force.generation, kept)
		}
	}
}

// limitsOf says the settings of a webhook that end deliveries in the words of
// the history.
func limitsOf(w *config.Webhook) (limits []queue.Limit) {
	if w.ExpireAfter > 0 {
		limits = append(limits, queue.Limit{Setting: "expire_after " + config.FormatDuration(w.ExpireAfter), Age: w.ExpireAfter})
	}
	if w.MaxBacklog != (config.Backlog{}) {
		limits = append(limits, queue.Limit{Setting: "max_backlog " + w.MaxBacklog.String(), Age: w.MaxBacklog.Age, Size: w.MaxBacklog.Size})
	}
	return limits
}
