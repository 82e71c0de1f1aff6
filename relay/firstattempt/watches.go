// Package firstattempt lets requests that post events wait for the first attempts at their
// deliveries (Prefer: wait). It implements intake.Deliveries. The relay tells it of each
// recorded attempt; those of other processes of a cluster it reads itself.
package firstattempt

import (
	"context"
	"sync"
	"sync/atomic"

	"sidehook/history"
	"sidehook/relay/intake"
)

// Watches are the requests that wait. While none waits, an attempt costs one atomic load.
// Events are watched by id, since their seqs are known only after they are appended, and a
// first attempt may have ended by then. The exported fields must not change after the
// first Watch.
type Watches struct {
	Attempts    func(webhook string) bool // reports whether a webhook makes first attempts now
	WaitWritten func(context.Context)     // returns when the records of attempts can be read
	Others      Others                    // nil: this process makes all attempts

	watching atomic.Int64

	mu      sync.Mutex
	byEvent map[string][]*watch
}

// Others are the processes that make the attempts for other webhooks.
type Others interface {
	// Owns reports whether this process makes the attempts for a webhook.
	Owns(webhook string) bool
	// Attempted visits the recorded attempts at the deliveries of some events, in order.
	Attempted(ctx context.Context, seqs []history.Seq, visit func(*history.DeliveryRecord)) error
}

// Watch begins to watch the events with these ids.
func (w *Watches) Watch(ids []string) intake.Watch {
	one := &watch{
		of: w, ids: ids, changed: make(chan struct{}, 1),
		seen: map[deliveryKey]outcome{}, open: map[deliveryKey]struct{}{}, left: map[string]int{},
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byEvent == nil {
		w.byEvent = map[string][]*watch{}
	}
	for _, id := range ids {
		w.byEvent[id] = append(w.byEvent[id], one)
	}
	w.watching.Add(1)
	return one
}

// Recorded notes an attempt for the watches of its event. An attempt that is made again
// with the same number does not count. It may be called under the lock of a queue.
func (w *Watches) Recorded(a *history.Recorded) {
	if a.Again || w.watching.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.byEvent[a.Event] {
		one.note(deliveryKey{a.Seq, a.Webhook}, outcome{a.Status, a.Code})
	}
}
