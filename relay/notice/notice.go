// Package notice makes operational events: events about what happens to webhooks
// and to the history, which a webhook gets whose globs ask for "sidehook.…".
//
// It promises:
//
//	N1  Add waits for nothing. It counts, and Run appends the events.
//	N2  There is at most one event a minute of each type and webhook: the first at
//	    once, and at the end of its minute one that counts those since.
//	N3  No event is about the delivery of an event of sidehook's own, and no webhook
//	    gets an event about itself. An event that no webhook wants is not made.
//	N4  What cannot be appended is kept and tried again. Memory is proportional to
//	    the number of webhooks, not to how much happens to them.
//
// The relay makes one Reporter, applies each configuration to it, runs it, and adds
// what deliver and the journal report.
package notice

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

// Notification is something that happened and that an operator may want to know.
type Notification struct {
	Type      string // of the event that reports it
	Webhook   string // "" if it is about sidehook as a whole
	Event     string // the id of the event whose delivery caused it; "" for none
	EventType string // of that event
	Why       string
}

// Config is what a Reporter needs of the configuration in force. It must not change.
type Config struct {
	Source     string // of its events
	Generation history.Generation
	// MayWant returns the webhooks with a glob that matches a type. The slice is
	// shared.
	MayWant func(typ string) []string
	// Match returns the webhooks that want an event, and those of them whose
	// condition failed on it. The names are shared.
	Match func(*event.Event) (to []string, failures []history.Failure)
}

// Options are required, but for Log.
type Options struct {
	// Append makes entries durable, all or none, as intake.Journal does.
	Append func(context.Context, []history.Entry) ([]history.Receipt, error)
	// State returns the current state of a webhook, "" for one that is not in force.
	State func(webhook string) string
	Log   *slog.Logger // nil: none
}

// Reporter turns notifications into events. It is safe for concurrent use.
type Reporter struct {
	opts   Options
	config atomic.Pointer[Config]

	mu       sync.Mutex
	pending  map[topic]*count
	ready    []topic // to be reported now
	reported []topic // reported within the last minute, oldest first
	wake     chan struct{}
}

// topic is what N2 limits.
type topic struct{ typ, webhook string }

// count is what there is to report of a topic.
type count struct {
	n     int // notifications that are not reported yet
	last  Notification
	until time.Time // the end of the minute that began with the last event
}

const (
	minute     = time.Minute     // N2
	retryAfter = 5 * time.Second // after an error
	batchSize  = 256             // events that are appended at once, at most
)

// New returns a Reporter that reports nothing before Apply.
func New(opts Options) *Reporter {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Reporter{opts: opts, pending: map[topic]*count{}, wake: make(chan struct{}, 1)}
}

// Apply puts a configuration in force.
func (r *Reporter) Apply(next Config) { r.config.Store(&next) }

// Add counts a notification, if a webhook may want to know (N1, N3).
func (r *Reporter) Add(n Notification) {
	t := topic{n.Type, n.Webhook}
	if c := r.config.Load(); c == nil || strings.HasPrefix(n.EventType, event.OwnPrefix) || len(without(c.MayWant(t.typ), t.webhook)) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x, known := r.pending[t]
	if !known {
		x = &count{}
		r.pending[t] = x
		r.ready = append(r.ready, t)
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	x.n++
	x.last = n
}

// without returns a list without a name. The list itself is shared, and stays as it
// is.
func without(list []string, name string) []string {
	if !slices.Contains(list, name) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

// endMinutes ends the minutes that are over: what was added meanwhile is ready.
func (r *Reporter) endMinutes(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.reported) > 0 {
		t := r.reported[0]
		x := r.pending[t]
		if x.until.After(now) {
			return
		}
		r.reported = r.reported[1:]
		if x.n > 0 {
			r.ready = append(r.ready, t)
		} else {
			delete(r.pending, t)
		}
	}
}

// report is what one event says.
type report struct {
	topic
	n    int
	last Notification
}

// takeBatch takes what is ready, and begins its minute.
func (r *Reporter) takeBatch() (batch []report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.ready[:min(len(r.ready), batchSize)] {
		x := r.pending[t]
		batch = append(batch, report{t, x.n, x.last})
		x.n, x.until = 0, time.Now().Add(minute)
		r.reported = append(r.reported, t)
	}
	r.ready = r.ready[len(batch):]
	return batch
}

// returnBatch makes ready again what takeBatch took last.
func (r *Reporter) returnBatch(batch []report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reported = r.reported[:len(r.reported)-len(batch)]
	for i := range batch {
		b := &batch[i]
		x := r.pending[b.topic]
		if x.n == 0 {
			x.last = b.last
		}
		x.n += b.n
		r.ready = append(r.ready, b.topic)
	}
}
