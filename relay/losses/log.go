// Package losses keeps account of the deliveries that ended without arriving: Log warns
// of those that were given up, and LastHour counts them for each webhook, with those that
// were canceled. The relay tells both of each recorded attempt, under the locks of queues:
// neither calls anybody back. Both forget at a stop; the history has every outcome.
package losses

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sidehook/history"
)

// Log warns of deliveries that were given up. An outage may end with a hundred thousand of
// them, so there is at most one line a webhook and minute: the first at once, and at the
// end of its minute one that counts those since.
type Log struct {
	log *slog.Logger

	mu       sync.Mutex
	webhooks map[string]*unreported // those with a line in the last minute
}

// unreported are the losses of a webhook that no line reports yet.
type unreported struct {
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
	lineEvery  = time.Minute
	checkEvery = 5 * time.Second
)

// NewLog returns a Log that writes to log.
func NewLog(log *slog.Logger) *Log {
	return &Log{log: log, webhooks: map[string]*unreported{}}
}

// Recorded notes an attempt, if it ended its delivery without success. A cancellation is
// not reported, since somebody asked for it, nor a test, which is no delivery.
func (l *Log) Recorded(a *history.Recorded) {
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
		w = &unreported{}
		l.webhooks[a.Webhook] = w
	}
	w.count++
	w.last = loss{a.Event, a.Type, a.Error, a.Status, a.Number}
	l.reportLocked(a.Webhook, w, time.Now())
}

// Run writes the lines that are due, until ctx is done.
func (l *Log) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
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

// report writes the lines whose minute is over at now.
func (l *Log) report(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for webhook, w := range l.webhooks {
		l.reportLocked(webhook, w, now)
	}
}

// Close reports all that is left. Nothing must be recorded after it.
func (l *Log) Close() { l.report(time.Now().Add(lineEvery)) }

func (l *Log) reportLocked(webhook string, w *unreported, now time.Time) {
	switch {
	case now.Before(w.next):
	case w.count == 0:
		delete(l.webhooks, webhook)
	default:
		l.log.Warn("a delivery was given up", "webhook", webhook, "event", w.last.event, "type", w.last.typ, "status", w.last.status,
			"attempts", w.last.attempts, "error", w.last.err, "count", w.count)
		w.count, w.next = 0, now.Add(lineEvery)
	}
}
