package relay

import (
	"maps"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/relay/notice"
)

// givenUp counts the deliveries that ended without arriving in the last hour, by
// webhook: what was sent and failed, and what was canceled or expired. Its zero value
// works. It calls nobody, since it is told under the locks of queues.
type givenUp struct {
	mu       sync.Mutex
	webhooks map[string]*[60]givenUpMinute
}

// givenUpMinute is one minute, numbered since 1970.
type givenUpMinute struct{ minute, count int64 }

// recorded takes in an attempt, or an end without one. Tests do not count.
func (g *givenUp) recorded(a *history.Recorded) {
	if a.RenamedTo == "" && a.Status != history.Delivered && a.Status != history.Retrying && a.Type != notice.Test {
		g.add(a.Webhook, time.Now(), 1)
	}
}

func (g *givenUp) add(webhook string, at time.Time, count int) {
	if count == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	minutes := g.webhooks[webhook]
	if minutes == nil {
		minutes = new([60]givenUpMinute)
		if g.webhooks == nil {
			g.webhooks = map[string]*[60]givenUpMinute{}
		}
		g.webhooks[webhook] = minutes
	}
	minute := at.Unix() / 60
	m := &minutes[minute%60]
	if m.minute < minute {
		*m = givenUpMinute{minute: minute}
	}
	if m.minute == minute {
		m.count += int64(count)
	}
}

// lastHour returns how many there were.
func (g *givenUp) lastHour(webhook string, now time.Time) (count int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if minutes := g.webhooks[webhook]; minutes != nil {
		for _, m := range minutes {
			if age := now.Unix()/60 - m.minute; 0 <= age && age < 60 {
				count += int(m.count)
			}
		}
	}
	return count
}

// keep forgets all webhooks but those in force.
func (g *givenUp) keep(webhooks map[string]activeWebhook) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.webhooks, func(name string, _ *[60]givenUpMinute) bool {
		_, ok := webhooks[name]
		return !ok
	})
}
