package query

import (
	"slices"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/seqset"
)

// pending says which deliveries may wait, by the checkpoint: those that waited when it
// was written, and all that came later. Whether one of them has ended since is in the
// deliveries. Without a checkpoint any delivery may wait.
type pending struct {
	events, deliveries uint64 // the records that the checkpoint covers
	webhooks           map[string]*pendingOf
	ended              map[delivery]bool // since the checkpoint, once loadWaiting has read them
}

type delivery struct {
	webhook string
	seq     history.Seq
}

// pendingOf is what may wait for one webhook.
type pendingOf struct {
	next      history.Seq // of this seq or a higher one, all that are not in started
	started   seqset.Set[history.Seq]
	scheduled []history.Seq // and these, in order
	last      history.Seq   // that count covers
	count     int           // that waited at the checkpoint
}

// loadPending reads the checkpoint. It is false if there is none.
func (r *Reader) loadPending() (p *pending, ok bool) {
	p = &pending{webhooks: map[string]*pendingOf{}}
	c, _ := files.LoadCheckpoint(r.events.FS)
	if c == nil {
		return p, false
	}
	p.events, p.deliveries = c.Events.Number, c.Deliveries.Number
	for name, w := range c.Webhooks {
		of := &pendingOf{next: w.Next, last: w.Last, count: w.Events}
		if w.Unread == 0 {
			of.next = max(of.next, history.Seq(c.Events.Number)+1)
		}
		for _, s := range w.Skip {
			of.started = append(of.started, seqset.Span[history.Seq]{From: s[0], To: s[1]})
		}
		for _, s := range w.Waits {
			of.scheduled = append(of.scheduled, history.Seq(s[0]))
		}
		slices.Sort(of.scheduled)
		p.webhooks[name] = of
	}
	return p, true
}

// loadWaiting reads the checkpoint and what has ended since, so that it is known what
// waits. It is false if there is no checkpoint.
func (r *Reader) loadWaiting() (p *pending, ok bool, err error) {
	if p, ok = r.loadPending(); !ok {
		return p, false, nil
	}
	p.ended = map[delivery]bool{}
	err = r.Attempts(Query{}, func(o *history.DeliveryRecord) bool {
		if uint64(o.N) <= p.deliveries {
			return false
		}
		if o.Status != history.Retrying && !o.Test {
			p.ended[delivery{o.QueueName(), o.Seq}] = true
		}
		return true
	})
	return p, true, err
}

// waits reports whether the delivery of a record to a webhook that it is for has not
// ended; loadWaiting must have made p.
func (p *pending) waits(webhook string, seq history.Seq) bool {
	return p.mayWait(webhook, seq) && !p.ended[delivery{webhook, seq}]
}

// of returns what may wait for a webhook.
func (p *pending) of(webhook string) *pendingOf {
	if of := p.webhooks[webhook]; of != nil {
		return of
	}
	return &pendingOf{next: history.Seq(p.events) + 1}
}

// mayWait reports whether the delivery of a record to a webhook that it is for may wait.
func (p *pending) mayWait(webhook string, seq history.Seq) bool {
	of := p.of(webhook)
	if seq >= of.next && !of.started.Has(seq) {
		return true
	}
	_, ok := slices.BinarySearch(of.scheduled, seq)
	return ok
}

// mayWaitAny reports the same of any of the webhooks that is the one, if it is not "".
func (p *pending) mayWaitAny(webhooks []string, seq history.Seq, one string) bool {
	return slices.ContainsFunc(webhooks, func(name string) bool { return (one == "" || name == one) && p.mayWait(name, seq) })
}

// mayWaitIn reports whether one of the seqs from first to before next may wait.
func (p *pending) mayWaitIn(webhook string, first, next history.Seq) bool {
	of := p.of(webhook)
	i, _ := slices.BinarySearch(of.scheduled, first)
	return of.next < next || i < len(of.scheduled) && of.scheduled[i] < next
}

// lowest is the lowest seq that may wait for a webhook, or for any if it is "".
func (p *pending) lowest(webhook string) history.Seq {
	lowest := history.Seq(p.events) + 1
	for name, of := range p.webhooks {
		if webhook != "" && name != webhook {
			continue
		}
		lowest = min(lowest, of.next)
		if len(of.scheduled) > 0 {
			lowest = min(lowest, of.scheduled[0])
		}
	}
	return lowest
}
