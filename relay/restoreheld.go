package relay

import (
	"context"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/stats"
)

// heldWebhooks are webhooks that this member of a cluster has begun to deliver to, and of
// which the last hour is not restored: of each, up to which line owners before recorded it.
type heldWebhooks struct {
	mu   sync.Mutex
	upto map[string]history.LineNo
	more chan struct{}
}

func (h *heldWebhooks) add(webhook string, upto history.LineNo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.upto == nil {
		h.upto = map[string]history.LineNo{}
	}
	h.upto[webhook] = upto
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// take returns those that were added since.
func (h *heldWebhooks) take() map[string]history.LineNo {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := h.upto
	h.upto = nil
	return taken
}

const (
	// gatherHeld is how long a webhook waits for others that are held about then.
	gatherHeld = 200 * time.Millisecond
	// restoreShare is the part of the time that reading may take: as reading costs about the same
	// for many webhooks as for one, a member that takes thousands reads few times.
	restoreShare = 10
)

// restoreHeld restores the last hour of webhooks after they were held, of many at once,
// until ctx is done.
func (r *Relay) restoreHeld(ctx context.Context) {
	pause := gatherHeld
	for {
		select {
		case <-r.held.more:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		begun := time.Now()
		if err := r.restoreHours(ctx, r.held.take()); err != nil && ctx.Err() == nil {
			r.warnLastHour(err)
		}
		pause = max(gatherHeld, (restoreShare-1)*time.Since(begun))
	}
}

// restoreHours restores the last hour of webhooks, each as recorded up to a line.
func (r *Relay) restoreHours(ctx context.Context, webhooks map[string]history.LineNo) error {
	c := r.journal.Engine.(*clustered)
	skew := c.Skew() // the records have the time of the database
	return c.Reader().RecentOf(ctx, webhooks, time.Now().Add(skew-time.Hour), func(m *stats.Minute) bool {
		m.At = m.At.Add(-skew)
		r.deliver.RestoreMinute(m)
		r.givenUp.Add(m.Webhook, m.At, m.GivenUp)
		return ctx.Err() == nil
	})
}
