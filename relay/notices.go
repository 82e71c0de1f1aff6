package relay

import (
	"fmt"

	"sidehook/relay/deliver"
	"sidehook/relay/notice"
)

// notifyDelivery passes on what happens to webhooks and their deliveries.
func (r *Relay) notifyDelivery(h deliver.Notification) {
	typ := notice.Exhausted
	switch h.Kind {
	case deliver.Disabled:
		typ = notice.Disabled
	case deliver.Enabled:
		typ = notice.Enabled
	case deliver.Failing:
		typ = notice.Failing
	case deliver.Recovered:
		typ = notice.Recovered
	}
	r.notices.Add(notice.Notification{Type: typ, Webhook: h.Webhook, Event: h.Event, EventType: h.Type, Why: h.Why})
}

// notifyUsage passes on that the history fills its limit.
func (r *Relay) notifyUsage(percent int, bytes, limit int64) {
	r.notices.Add(notice.Notification{
		Type: notice.Low, Why: fmt.Sprintf("the history has reached %d %% of max_size: %d of %d MiB", percent, bytes>>20, limit>>20),
	})
}
