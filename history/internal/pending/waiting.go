package pending

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/seqset"
)

// Waiting tells which deliveries may wait. By the checkpoint of a webhook these are the
// ones that waited when it was taken, and all later ones. Some of them have ended since: a
// caller that reads the records of attempts calls End for each.
type Waiting struct {
	after    history.Seq // for a webhook without a checkpoint, all after it may wait
	webhooks map[string]*waitingOf
	ended    map[delivery]bool
}

type delivery struct {
	webhook string
	seq     history.Seq
}

// waitingOf has the deliveries that may wait for one webhook.
type waitingOf struct {
	next      history.Seq // from this seq on, all that are not in started may wait
	started   seqset.Set[history.Seq]
	scheduled []history.Seq // these may wait, too; ascending
	last      history.Seq   // the last seq that count covers
	count     int           // how many waited at the checkpoint
}

// NewWaiting returns a Waiting without checkpoints: all deliveries after a seq may wait.
func NewWaiting(after history.Seq) *Waiting {
	return &Waiting{after: after, webhooks: map[string]*waitingOf{}, ended: map[delivery]bool{}}
}

// Add adds the checkpoint of a webhook, which covers the records up to a seq.
func (w *Waiting) Add(webhook string, c *Checkpoint, covers history.Seq) {
	of := &waitingOf{next: c.Next, last: c.Last, count: c.Events}
	if c.Unread == 0 {
		of.next = max(of.next, covers+1)
	}
	of.started, _ = c.Sets()
	for _, s := range c.Waits {
		of.scheduled = append(of.scheduled, history.Seq(s[0]))
	}
	slices.Sort(of.scheduled)
	w.webhooks[webhook] = of
}

// End marks a delivery as ended after the checkpoint.
func (w *Waiting) End(webhook string, seq history.Seq) { w.ended[delivery{webhook, seq}] = true }

// Wait reports whether a delivery may wait and End was not called for it. The record of
// the seq must be for the webhook.
func (w *Waiting) Wait(webhook string, seq history.Seq) bool {
	return w.MayWait(webhook, seq) && !w.ended[delivery{webhook, seq}]
}

// Counts visits each webhook that has a checkpoint or an ended delivery. waiting is how
// many waited at the checkpoint less those that ended, and last is the last seq that it
// covers. Without a checkpoint waiting is negative: the caller adds those after last.
func (w *Waiting) Counts(visit func(webhook string, last history.Seq, waiting int)) {
	ended := map[string]int{}
	for d := range w.ended {
		if w.MayWait(d.webhook, d.seq) {
			ended[d.webhook]++
		}
	}
	for name, of := range w.webhooks {
		visit(name, of.last, of.count-ended[name])
		delete(ended, name)
	}
	for name, n := range ended {
		visit(name, w.after, -n)
	}
}

// After returns the seq that NewWaiting was given.
func (w *Waiting) After() history.Seq { return w.after }

// Counted reports whether a delivery is among those that Counts covers.
func (w *Waiting) Counted(webhook string, seq history.Seq) bool {
	of := w.webhooks[webhook]
	return of != nil && seq <= of.last
}

// of returns the deliveries that may wait for a webhook.
func (w *Waiting) of(webhook string) *waitingOf {
	if of := w.webhooks[webhook]; of != nil {
		return of
	}
	return &waitingOf{next: w.after + 1}
}

// MayWait reports whether a delivery may wait, whatever End was called for. The record of
// the seq must be for the webhook.
func (w *Waiting) MayWait(webhook string, seq history.Seq) bool {
	of := w.of(webhook)
	if seq >= of.next && !of.started.Has(seq) {
		return true
	}
	_, ok := slices.BinarySearch(of.scheduled, seq)
	return ok
}

// MayWaitAny reports whether the record of a seq may wait for one of the webhooks. Only the
// webhook one counts if it is not "".
func (w *Waiting) MayWaitAny(webhooks []string, seq history.Seq, one string) bool {
	return slices.ContainsFunc(webhooks, func(name string) bool { return (one == "" || name == one) && w.MayWait(name, seq) })
}

// MayWaitIn reports whether one of the seqs from first to before next may wait.
func (w *Waiting) MayWaitIn(webhook string, first, next history.Seq) bool {
	of := w.of(webhook)
	i, _ := slices.BinarySearch(of.scheduled, first)
	return of.next < next || i < len(of.scheduled) && of.scheduled[i] < next
}

// Lowest returns the lowest seq that may wait for a webhook, or for any webhook if the name
// is "".
func (w *Waiting) Lowest(webhook string) history.Seq {
	lowest := w.after + 1
	w.Each(webhook, func(_ string, next history.Seq, scheduled []history.Seq) {
		lowest = min(lowest, next)
		if len(scheduled) > 0 {
			lowest = min(lowest, scheduled[0])
		}
	})
	return lowest
}

// Each visits the checkpoint of a webhook, or all checkpoints if the name is "". From next
// on all may wait, and so may those in scheduled.
func (w *Waiting) Each(webhook string, visit func(webhook string, next history.Seq, scheduled []history.Seq)) {
	for name, of := range w.webhooks {
		if webhook == "" || name == webhook {
			visit(name, of.next, of.scheduled)
		}
	}
}
