package inforce

import (
	"sidehook/config"
	"sidehook/config/unit"
	"sidehook/history/queue"
)

// Limit sets when a queue ends deliveries that have waited too long.
func (c *Config) Limit(q *queue.Queue) { q.Limit(c.Generation, c.Limits(q.Name())...) }

// Limits returns the settings that end waiting deliveries of a webhook. One that is not in
// the file has the limit of the history alone.
func (c *Config) Limits(webhook string) (limits []queue.Limit) {
	if w := c.Webhooks[webhook].Config; w != nil {
		if w.ExpireAfter > 0 {
			limits = append(limits, queue.Limit{Setting: "expire_after " + unit.FormatDuration(w.ExpireAfter), Age: w.ExpireAfter})
		}
		if w.MaxBacklog != (config.Backlog{}) {
			limits = append(limits, queue.Limit{Setting: "max_backlog " + w.MaxBacklog.String(), Age: w.MaxBacklog.Age, Size: w.MaxBacklog.Size})
		}
	}
	keep := c.File.History.Keep
	return append(limits, queue.Limit{Setting: "keep " + unit.FormatDuration(keep), Age: keep})
}
