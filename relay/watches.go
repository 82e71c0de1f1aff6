package relay

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/relay/intake"
)

// lookAgain is how often one that waits looks whether a webhook has stopped
// making first attempts meanwhile.
const lookAgain = 250 * time.Millisecond

// stateActive is the state of a webhook that makes first attempts.
const stateActive = "active"

// watches tell requests that wait of the attempts at their deliveries. While
// nobody waits they cost an attempt one load. What is noted is of the events that
// are watched alone, by their ids: their seqs are not known before they are
// appended, and a first attempt may be over when they are.
type watches struct {
	attempts func(webhook string) bool // whether a webhook makes first attempts now
	visible  func(context.Context)     // returns once their lines can be read
	watching atomic.Int64

	mu      sync.Mutex
	byEvent map[string][]*watch
}

func newWatches(attempts func(webhook string) bool, visible func(context.Context)) *watches {
	return &watches{attempts: attempts, visible: visible, byEvent: map[string][]*watch{}}
}

// Watch begins to note the attempts at deliveries of events with these ids.
func (w *watches) Watch(ids []string) intake.Watch {
	one := &watch{of: w, ids: ids, seen: map[place]seen{}, changed: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		w.byEvent[id] = append(w.byEvent[id], one)
	}
	w.watching.Add(1)
	return one
}

// recorded notes an attempt for those who watch its event. One that is made
// again, with the same number, was none.
func (w *watches) recorded(a history.Recorded) {
	if a.Again || w.watching.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.byEvent[a.Event] {
		one.note(place{a.Seq, a.Webhook}, seen{a.Status, a.Code})
	}
}

// watch is one that has begun.
type watch struct {
	of      *watches
	ids     []string
	changed chan struct{} // has a value after something was noted

	mu   sync.Mutex
	seen map[place]seen
}

// place is a delivery, and seen what became of its first attempt.
type (
	place struct {
		seq     uint64
		webhook string
	}
	seen struct {
		status history.Status
		code   int
	}
)

func (w *watch) note(at place, s seen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.seen[at]; ok {
		return // a later attempt
	}
	w.seen[at] = s
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// Wait waits for first attempts, and says where the deliveries stand. Whoever
// is told of an attempt finds its line in the history.
func (w *watch) Wait(ctx context.Context, deliveries []intake.Delivery) {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for !w.fill(deliveries) {
		select {
		case <-w.changed:
		case <-look.C:
		case <-ctx.Done():
			w.fill(deliveries)
			return
		}
	}
	w.of.visible(ctx)
}

// fill says where the deliveries stand, and whether none is to be waited for.
func (w *watch) fill(deliveries []intake.Delivery) bool {
	var open []string // webhooks
	w.mu.Lock()
	for i := range deliveries {
		d := &deliveries[i]
		if s, ok := w.seen[place{d.Seq, d.Webhook}]; ok {
			d.Status, d.Code = s.status, s.code
		} else {
			d.Status = history.Untried
			open = append(open, d.Webhook)
		}
	}
	w.mu.Unlock()
	slices.Sort(open)
	return !slices.ContainsFunc(slices.Compact(open), w.of.attempts)
}

// Close ends it.
func (w *watch) Close() {
	w.of.watching.Add(-1)
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	for _, id := range w.ids {
		left := slices.DeleteFunc(w.of.byEvent[id], func(one *watch) bool { return one == w })
		if w.of.byEvent[id] = left; len(left) == 0 {
			delete(w.of.byEvent, id)
		}
	}
}
