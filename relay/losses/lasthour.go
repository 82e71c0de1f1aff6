package losses

import (
	"maps"
	"sync"
	"time"

	"sidehook/history"
)

// LastHour counts the deliveries that ended without arriving in the last hour, by webhook:
// given up, expired or canceled. Its zero value works.
type LastHour struct {
	mu       sync.Mutex
	webhooks map[string]*[60]minute
}

// minute is one minute, numbered since 1970.
type minute struct{ number, count int64 }

// Recorded counts an attempt that ended its delivery, or an end without an attempt. A
// delivery that goes on under another name and a test do not count.
func (h *LastHour) Recorded(a *history.Recorded) {
	if a.RenamedTo == "" && a.Status != history.Delivered && a.Status != history.Retrying && !a.Test {
		h.Add(a.Webhook, time.Now(), 1)
	}
}

// Add counts deliveries of a webhook that ended in the minute of at.
func (h *LastHour) Add(webhook string, at time.Time, count int) {
	if count == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	minutes := h.webhooks[webhook]
	if minutes == nil {
		minutes = new([60]minute)
		if h.webhooks == nil {
			h.webhooks = map[string]*[60]minute{}
		}
		h.webhooks[webhook] = minutes
	}
	number := at.Unix() / 60
	m := &minutes[number%60]
	if m.number < number {
		*m = minute{number: number}
	}
	if m.number == number {
		m.count += int64(count)
	}
}

// Count returns how many there were in the hour before now.
func (h *LastHour) Count(webhook string, now time.Time) (count int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if minutes := h.webhooks[webhook]; minutes != nil {
		for _, m := range minutes {
			if age := now.Unix()/60 - m.number; 0 <= age && age < 60 {
				count += int(m.count)
			}
		}
	}
	return count
}

// Forget forgets a webhook.
func (h *LastHour) Forget(webhook string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.webhooks, webhook)
}

// Keep forgets the webhooks that are not in force.
func (h *LastHour) Keep(inForce func(webhook string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.webhooks, func(name string, _ *[60]minute) bool { return !inForce(name) })
}
