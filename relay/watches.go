package relay

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
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
	one := &watch{
		of: w, ids: ids, changed: make(chan struct{}, 1),
		seen: map[place]seen{}, open: map[place]struct{}{}, left: map[string]int{},
	}
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

// watch is one that has begun. Requests may have a hundred thousand deliveries,
// and whoever tells of an attempt holds up a webhook: so each costs the same,
// however many there are.
type watch struct {
	of      *watches
	ids     []string
	changed chan struct{} // has a value after a webhook has nothing open any more

	mu   sync.Mutex
	seen map[place]seen
	open map[place]struct{} // what Wait waits for
	left map[string]int     // of that, by webhook
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
	if _, ok := w.open[at]; !ok {
		return
	}
	delete(w.open, at)
	if w.left[at.webhook]--; w.left[at.webhook] > 0 {
		return
	}
	delete(w.left, at.webhook)
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// Wait waits for first attempts, and says where the deliveries stand. Whoever
// is told of an attempt finds its line in the history.
func (w *watch) Wait(ctx context.Context, deliveries []api.DeliveryStatus) {
	w.begin(deliveries)
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for ctx.Err() == nil && w.awaits() {
		select {
		case <-w.changed:
		case <-look.C:
		case <-ctx.Done():
		}
	}
	w.fill(deliveries)
	w.of.visible(ctx)
}

// begin notes which deliveries are waited for, but for those that have been
// attempted already.
func (w *watch) begin(deliveries []api.DeliveryStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range deliveries {
		at := place{deliveries[i].Seq, deliveries[i].Webhook}
		if _, ok := w.seen[at]; !ok {
			w.open[at] = struct{}{}
			w.left[at.webhook]++
		}
	}
}

// awaits reports whether a webhook makes first attempts that are waited for.
func (w *watch) awaits() bool {
	w.mu.Lock()
	webhooks := slices.Collect(maps.Keys(w.left))
	w.mu.Unlock()
	return slices.ContainsFunc(webhooks, w.of.attempts)
}

// fill says where the deliveries stand.
func (w *watch) fill(deliveries []api.DeliveryStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range deliveries {
		d := &deliveries[i]
		d.Status = query.Pending
		if s, ok := w.seen[place{d.Seq, d.Webhook}]; ok {
			d.Status, d.Code = s.status, s.code
		}
	}
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
