package pending

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/seqset"
)

// Waiting knows which deliveries may wait, by checkpoints: those that waited when one was
// taken, and all that came later. The records of attempts have those of them that ended
// since; whoever reads these calls End.
type Waiting struct {
	after    history.Seq // all that came after it may wait for a webhook without a checkpoint
	webhooks map[string]*waitingOf
	ended    map[delivery]bool
}

type delivery struct {
	webhook string
	seq     history.Seq
}

// waitingOf is what may wait for one webhook.
type waitingOf struct {
	next      history.Seq // of this seq or a higher one, all that are not in started
	started   seqset.Set[history.Seq]
	scheduled []history.Seq // and these, in order
	last      history.Seq   // that count covers
	count     int           // that waited at the checkpoint
}

// NewWaiting returns one without checkpoints: all deliveries after a seq may wait.
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

// End records that a delivery has ended since.
func (w *Waiting) End(webhook string, seq history.Seq) { w.ended[delivery{webhook, seq}] = true }

// Wait reports whether the delivery of a record to a webhook that it is for has not
// ended, as far as End knows.
func (w *Waiting) Wait(webhook string, seq history.Seq) bool {
	return w.MayWait(webhook, seq) && !w.ended[delivery{webhook, seq}]
}

// Counts calls visit for each webhook that has a checkpoint, or of which deliveries ended
// since: with how many waited, less what has ended since, and the last seq that this
// covers.
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

// of returns what may wait for a webhook.
func (w *Waiting) of(webhook string) *waitingOf {
	if of := w.webhooks[webhook]; of != nil {
		return of
	}
	return &waitingOf{next: w.after + 1}
}

// MayWait reports whether the delivery of a record to a webhook that it is for may wait.
func (w *Waiting) MayWait(webhook string, seq history.Seq) bool {
	of := w.of(webhook)
	if seq >= of.next && !of.started.Has(seq) {
		return true
	}
	_, ok := slices.BinarySearch(of.scheduled, seq)
	return ok
}

// MayWaitAny reports the same of any of the webhooks that is the one, if it is not "".
func (w *Waiting) MayWaitAny(webhooks []string, seq history.Seq, one string) bool {
	return slices.ContainsFunc(webhooks, func(name string) bool { return (one == "" || name == one) && w.MayWait(name, seq) })
}

// MayWaitIn reports whether one of the seqs from first to before next may wait.
func (w *Waiting) MayWaitIn(webhook string, first, next history.Seq) bool {
	of := w.of(webhook)
	i, _ := slices.BinarySearch(of.scheduled, first)
	return of.next < next || i < len(of.scheduled) && of.scheduled[i] < next
}

// Lowest returns the lowest seq that may wait for a webhook, or for any if it is "".
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

// Each calls visit for a webhook, or all that have a checkpoint if it is "": with the
// seq from which on all may wait, and what is lower and may wait.
func (w *Waiting) Each(webhook string, visit func(webhook string, next history.Seq, scheduled []history.Seq)) {
	for name, of := range w.webhooks {
		if webhook == "" || name == webhook {
			visit(name, of.next, of.scheduled)
		}
	}
}
