package firstattempt

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
)

// recheckEvery is how often a waiting request checks whether the webhooks that it
// waits for still make first attempts.
const recheckEvery = 250 * time.Millisecond

// maxRead limits of how many events the attempts of other processes are read at a time.
const maxRead = 256

// watch is the watch of one request. The request may have a hundred thousand deliveries,
// and an attempt waits for note, so the cost of note does not depend on their number.
type watch struct {
	of      *Watches
	ids     []string
	changed chan struct{} // gets a value when a webhook has nothing open any more

	mu   sync.Mutex
	seen map[deliveryKey]outcome
	open map[deliveryKey]struct{} // the deliveries that Wait waits for
	left map[string]int           // how many are open, by webhook
}

// deliveryKey names a delivery; outcome is that of its first attempt.
type (
	deliveryKey struct {
		seq     history.Seq
		webhook string
	}
	outcome struct {
		status history.Status
		code   int
	}
)

func (w *watch) note(at deliveryKey, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.seen[at]; ok {
		return // a later attempt
	}
	w.seen[at] = o
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

// Wait implements intake.Watch. When it returns, the attempts that it reports can be
// read in the history.
func (w *watch) Wait(ctx context.Context, deliveries []api.DeliveryStatus) {
	w.begin(deliveries)
	recheck := time.NewTicker(recheckEvery)
	defer recheck.Stop()
	for ctx.Err() == nil && w.awaits() {
		select {
		case <-w.changed:
		case <-recheck.C:
			w.look(ctx)
		case <-ctx.Done():
		}
	}
	w.fill(deliveries)
	w.of.WaitWritten(ctx)
}

// look notes the first attempts that other processes have made.
func (w *watch) look(ctx context.Context) {
	if w.of.Others == nil {
		return
	}
	var seqs []history.Seq
	w.mu.Lock()
	for at := range w.open {
		if !w.of.Others.Owns(at.webhook) && !slices.Contains(seqs, at.seq) {
			seqs = append(seqs, at.seq)
		}
		if len(seqs) == maxRead {
			break
		}
	}
	w.mu.Unlock()
	if len(seqs) == 0 {
		return
	}
	// If it fails, the next look finds them.
	_ = w.of.Others.Attempted(ctx, seqs, func(d *history.DeliveryRecord) {
		if !d.Again && !d.Test {
			w.note(deliveryKey{d.Seq, d.Webhook}, outcome{d.Status, d.Code})
		}
	})
}

// begin notes the deliveries to wait for: those without an attempt so far.
func (w *watch) begin(deliveries []api.DeliveryStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range deliveries {
		at := deliveryKey{deliveries[i].Seq, deliveries[i].Webhook}
		if _, ok := w.seen[at]; !ok {
			w.open[at] = struct{}{}
			w.left[at.webhook]++
		}
	}
}

// awaits reports whether any webhook with open deliveries makes first attempts.
func (w *watch) awaits() bool {
	w.mu.Lock()
	webhooks := slices.Collect(maps.Keys(w.left))
	w.mu.Unlock()
	return slices.ContainsFunc(webhooks, w.of.Attempts)
}

// fill fills in the outcomes.
func (w *watch) fill(deliveries []api.DeliveryStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range deliveries {
		d := &deliveries[i]
		d.Status = query.Pending
		if o, ok := w.seen[deliveryKey{d.Seq, d.Webhook}]; ok {
			d.Status, d.Code = o.status, o.code
		}
	}
}

// Close ends the watch.
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
