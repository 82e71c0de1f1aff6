package query

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/seqset"
)

// Waits says which deliveries may wait, by checkpoints: those that waited when one was
// taken, and all that came later. Whether one of them has ended since is in the
// deliveries, and known here once End was told of it.
type Waits struct {
	after    history.Seq // of a webhook without a checkpoint all that came after may wait
	webhooks map[string]*waitsOf
	ended    map[delivery]bool
}

type delivery struct {
	webhook string
	seq     history.Seq
}

// waitsOf is what may wait for one webhook.
type waitsOf struct {
	next      history.Seq // of this seq or a higher one, all that are not in started
	started   seqset.Set[history.Seq]
	scheduled []history.Seq // and these, in order
	last      history.Seq   // that count covers
	count     int           // that waited at the checkpoint
}

// NewWaits begins one. Of a webhook without a checkpoint all that came after a seq may
// wait.
func NewWaits(after history.Seq) *Waits {
	return &Waits{after: after, webhooks: map[string]*waitsOf{}, ended: map[delivery]bool{}}
}

// Add adds the checkpoint of a webhook, which covers the records up to a seq.
func (p *Waits) Add(webhook string, c *pending.Checkpoint, covers history.Seq) {
	of := &waitsOf{next: c.Next, last: c.Last, count: c.Events}
	if c.Unread == 0 {
		of.next = max(of.next, covers+1)
	}
	of.started, _ = c.Sets()
	for _, s := range c.Waits {
		of.scheduled = append(of.scheduled, history.Seq(s[0]))
	}
	slices.Sort(of.scheduled)
	p.webhooks[webhook] = of
}

// End tells that a delivery has ended since.
func (p *Waits) End(webhook string, seq history.Seq) { p.ended[delivery{webhook, seq}] = true }

// loadPending reads the checkpoint. It is false if there is none.
func (r *Reader) loadPending() (p *Waits, deliveries uint64, ok bool) {
	c, _ := files.LoadCheckpoint(r.events.FS)
	if c == nil {
		return NewWaits(0), 0, false
	}
	p = NewWaits(history.Seq(c.Events.Number))
	for name, w := range c.Webhooks {
		p.Add(name, &w, p.after)
	}
	return p, c.Deliveries.Number, true
}

// loadWaiting reads the checkpoint and what has ended since, so that it is known what
// waits. It is false if there is no checkpoint.
func (r *Reader) loadWaiting() (*Waits, bool, error) {
	p, covered, ok := r.loadPending()
	if !ok {
		return p, false, nil
	}
	err := r.Attempts(Query{}, func(o *history.DeliveryRecord) bool {
		if uint64(o.N) <= covered {
			return false
		}
		if o.Status != history.Retrying && !o.Test && !o.Late {
			p.End(o.QueueName(), o.Seq)
		}
		return true
	})
	return p, true, err
}

// Wait reports whether the delivery of a record to a webhook that it is for has not
// ended, as far as End was told.
func (p *Waits) Wait(webhook string, seq history.Seq) bool {
	return p.MayWait(webhook, seq) && !p.ended[delivery{webhook, seq}]
}

// Counts calls visit for each webhook that has a checkpoint, or of which deliveries ended
// since: with how many waited, less what has ended since, and the last seq that this
// covers.
func (p *Waits) Counts(visit func(webhook string, last history.Seq, waiting int)) {
	ended := map[string]int{}
	for d := range p.ended {
		if p.MayWait(d.webhook, d.seq) {
			ended[d.webhook]++
		}
	}
	for name, of := range p.webhooks {
		visit(name, of.last, of.count-ended[name])
		delete(ended, name)
	}
	for name, n := range ended {
		visit(name, p.after, -n)
	}
}

// of returns what may wait for a webhook.
func (p *Waits) of(webhook string) *waitsOf {
	if of := p.webhooks[webhook]; of != nil {
		return of
	}
	return &waitsOf{next: p.after + 1}
}

// MayWait reports whether the delivery of a record to a webhook that it is for may wait.
func (p *Waits) MayWait(webhook string, seq history.Seq) bool {
	of := p.of(webhook)
	if seq >= of.next && !of.started.Has(seq) {
		return true
	}
	_, ok := slices.BinarySearch(of.scheduled, seq)
	return ok
}

// MayWaitAny reports the same of any of the webhooks that is the one, if it is not "".
func (p *Waits) MayWaitAny(webhooks []string, seq history.Seq, one string) bool {
	return slices.ContainsFunc(webhooks, func(name string) bool { return (one == "" || name == one) && p.MayWait(name, seq) })
}

// mayWaitIn reports whether one of the seqs from first to before next may wait.
func (p *Waits) mayWaitIn(webhook string, first, next history.Seq) bool {
	of := p.of(webhook)
	i, _ := slices.BinarySearch(of.scheduled, first)
	return of.next < next || i < len(of.scheduled) && of.scheduled[i] < next
}

// Lowest returns the lowest seq that may wait for a webhook, or for any if it is "".
func (p *Waits) Lowest(webhook string) history.Seq {
	lowest := p.after + 1
	p.Each(webhook, func(_ string, next history.Seq, scheduled []history.Seq) {
		lowest = min(lowest, next)
		if len(scheduled) > 0 {
			lowest = min(lowest, scheduled[0])
		}
	})
	return lowest
}

// Each calls visit for a webhook, or all that have a checkpoint if it is "": with the
// seq from which on all may wait, and what is lower and may wait.
func (p *Waits) Each(webhook string, visit func(webhook string, next history.Seq, scheduled []history.Seq)) {
	for name, of := range p.webhooks {
		if webhook == "" || name == webhook {
			visit(name, of.next, of.scheduled)
		}
	}
}
