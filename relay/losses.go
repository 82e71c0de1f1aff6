package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sidehook/history"
)

// lossLog warns of deliveries that were given up. An outage may end with a hundred
// thousand of them, so there is at most one line a webhook and minute: the first at
// once, and at the end of its minute one that counts those since.
type lossLog struct {
	log *slog.Logger

	mu       sync.Mutex
	webhooks map[string]*losses // those with a line in the last minute
}

// losses are those of a webhook that no line reports yet.
type losses struct {
	count int
	last  loss
	next  time.Time // there is no line before
}

// loss is what a line says of a delivery.
type loss struct {
	event, typ, err string
	status          history.Status
	attempts        int
}

const (
	lossesEvery = time.Minute
	checkLosses = 5 * time.Second
)

func newLossLog(log *slog.Logger) *lossLog {
	return &lossLog{log: log, webhooks: map[string]*losses{}}
}

// recorded notes an attempt, if it ended its delivery without success. What people
// have canceled is no news to them, and a test is no delivery.
func (l *lossLog) recorded(a *history.Recorded) {
	switch a.Status {
	case history.Failed, history.Exhausted, history.Expired:
	default:
		return
	}
	if a.Test {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.webhooks[a.Webhook]
	if w == nil {
		w = &losses{}
		l.webhooks[a.Webhook] = w
	}
	w.count++
	w.last = loss{a.Event, a.Type, a.Error, a.Status, a.Number}
	l.reportLocked(a.Webhook, w, time.Now())
}

// run reports what was held back, until ctx is done.
func (l *lossLog) run(ctx context.Context) {
	tick := time.NewTicker(checkLosses)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			l.report(now)
		}
	}
}

// report reports the losses whose minute is over at a time.
func (l *lossLog) report(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for webhook, w := range l.webhooks {
		l.reportLocked(webhook, w, now)
	}
}

// close reports all that is left. Nothing must be recorded after it.
func (l *lossLog) close() { l.report(time.Now().Add(lossesEvery)) }

func (l *lossLog) reportLocked(webhook string, w *losses, now time.Time) {
	switch {
	case now.Before(w.next):
	case w.count == 0:
		delete(l.webhooks, webhook)
	default:
		l.log.Warn("a delivery was given up", "webhook", webhook, "event", w.last.event, "type", w.last.typ, "status", w.last.status,
			"attempts", w.last.attempts, "error", w.last.err, "count", w.count)
		w.count, w.next = 0, now.Add(lossesEvery)
	}
}
