package member

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sidehook/history/postgres/database"
)

// takeMost is how many webhooks are taken in one transaction.
const takeMost = 256

// claimed is a webhook to take, as it was when it was read.
type claimed struct {
	webhook string
	cursor
	beat int64 // the last one of the owner
}

// balance takes webhooks and gives them up, as each beat shows the cluster, until ctx is
// done.
func (m *Member) balance(ctx context.Context, views <-chan *view) {
	var giving sync.WaitGroup
	defer giving.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-views:
			p := planOf(v)
			p.own = v.peers[m.o.Name]
			m.mu.Lock()
			m.plan = p
			take, give := m.changesLocked(v, &p)
			m.mu.Unlock()
			for _, name := range give {
				giving.Go(func() { m.giveUp(ctx, name) })
			}
			for part := range slices.Chunk(take, takeMost) {
				m.take(ctx, part)
			}
			if len(take) > 0 {
				m.wakeBeat() // so that what was taken is seen
			}
		}
	}
}

// changesLocked returns the webhooks that the member is to take, and to give up.
func (m *Member) changesLocked(v *view, p *plan) (take []claimed, give []string) {
	for name, l := range m.losing {
		select {
		case <-l.released:
			if l.removed {
				delete(m.losing, name)
			}
		default: // M4
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.owners)) {
		owner := p.owners[name]
		h, c := m.owned[name], v.cursors[name]
		_, losing := m.losing[name]
		switch {
		case h != nil && owner != m.o.Name && !h.leaving && h.ready:
			h.leaving = true
			give = append(give, name)
		case h != nil || losing || m.stopping.Load():
		case c.owner == m.o.Name && c.incarnation == m.incarnation:
			take = append(take, claimed{webhook: name, cursor: c}) // the answer to a take was lost
		case owner == m.o.Name && !v.lives(c.owner, c.incarnation):
			beat := int64(0)
			if p := v.peers[c.owner]; p != nil && p.Incarnation == c.incarnation {
				beat = p.Beat
			}
			take = append(take, claimed{name, c, beat})
		}
	}
	return take, give
}

// take takes webhooks and builds their queues. If that fails for one, it is tried again after
// a later beat.
func (m *Member) take(ctx context.Context, list []claimed) {
	names, owners := make([]string, len(list)), make([]string, len(list))
	epochs, beats := make([]int64, len(list)), make([]int64, len(list))
	for i, c := range list {
		names[i], owners[i], epochs[i], beats[i] = c.webhook, c.owner, c.epoch, c.beat
	}
	var taken []int64
	err := m.call(ctx, `SELECT epochs FROM {schema}.take($1,$2,$3,$4,$5,$6)`, []database.Argument{
		database.Text(m.o.Name), database.Text(m.incarnation),
		database.Texts(names), database.Texts(owners), database.Int8s(epochs), database.Int8s(beats),
	}, &taken)
	if err != nil {
		return // those that were taken all the same are seen in the next view, and adopted there
	}
	var built []*rebuilt
	for i, c := range list {
		if taken[i] == 0 {
			continue
		}
		built = append(built, &rebuilt{webhook: c.webhook, epoch: taken[i]})
		m.ledger.Own(c.webhook, taken[i])
		m.mu.Lock()
		m.owned[c.webhook] = &holding{epoch: taken[i]}
		m.mu.Unlock()
		if c.owner != "" && c.owner != m.o.Name {
			m.takeovers.Add(1)
			m.o.Log.Info("took a webhook over", "webhook", c.webhook, "from", c.owner)
		}
	}
	m.build(ctx, built)
}

// call is a call of the database that may take callTimeout.
func (m *Member) call(ctx context.Context, sql string, args []database.Argument, row ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return m.o.DB.Call(ctx, sql, args, row...)
}

// build builds the queues of webhooks that were taken, and has them held. While the database
// is away it tries again.
func (m *Member) build(ctx context.Context, list []*rebuilt) {
	for len(list) > 0 {
		err := m.replay(ctx, list)
		if err == nil || ctx.Err() != nil {
			break
		}
		list = slices.DeleteFunc(list, func(w *rebuilt) bool { return !m.still(w.webhook, w.epoch) })
		m.away.Met(m.o.Log, "cannot read the waiting deliveries of webhooks; trying again", database.Explained(err), "webhooks", len(list))
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	for _, w := range list {
		if ctx.Err() != nil {
			return
		}
		m.hold(w)
	}
}

// hold has a webhook held whose queue is built.
func (m *Member) hold(w *rebuilt) {
	m.holding.Lock()
	defer m.holding.Unlock()
	if !m.still(w.webhook, w.epoch) {
		return
	}
	m.o.Hold(w.webhook)
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.owned[w.webhook]; h != nil && h.epoch == w.epoch {
		h.ready = true // only now, so that who sees it owned sees its state
	}
}

// still reports whether the member owns a webhook since an epoch.
func (m *Member) still(webhook string, epoch int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.owned[webhook]
	return h != nil && h.epoch == epoch
}

// giveUp hands a webhook over to the member that it belongs to (M5).
func (m *Member) giveUp(ctx context.Context, webhook string) {
	released := m.drop(webhook)
	select {
	case <-released:
	case <-ctx.Done():
		return // leave gives it up
	}
	m.release(ctx, []string{webhook})
}

// release writes the checkpoints of webhooks, of which nothing is in flight, and clears
// their owner.
func (m *Member) release(ctx context.Context, names []string) {
	// A line that the checkpoint does not cover is replayed on it, and would have what was
	// made due since wait again.
	if !m.flushed(ctx) {
		return
	}
	epochs := make([]int64, len(names))
	done := make(chan struct{})
	m.feed.later(func() {
		defer close(done)
		for i, name := range names {
			m.mu.Lock()
			h := m.owned[name]
			m.mu.Unlock()
			if h != nil {
				epochs[i] = h.epoch
				m.feed.saveLast(name)
			}
		}
	})
	select {
	case <-done:
	case <-ctx.Done():
		return
	}
	if !m.flushed(ctx) {
		return
	}
	for {
		err := m.call(ctx, `SELECT {schema}.release($1,$2,$3,$4)`, []database.Argument{
			database.Text(m.o.Name), database.Text(m.incarnation),
			database.Texts(names), database.Int8s(epochs),
		})
		if err == nil {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
	m.mu.Lock()
	for _, name := range names {
		delete(m.owned, name)
	}
	m.mu.Unlock()
	m.tell(ctx, newOwners)
	m.wakeBeat()
}

// flushed returns once all lines and checkpoints so far are durable, or false once ctx is
// done.
func (m *Member) flushed(ctx context.Context) bool {
	for m.ledger.Flush() != nil {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Leave has the member take nothing any more, and give up each webhook as soon as nothing
// of it is in flight. It is called before a stop.
func (m *Member) Leave() {
	m.stopping.Store(true)
	m.wakeBeat()
}

func (m *Member) drop(webhook string) (released <-chan struct{}) {
	m.holding.Lock()
	defer m.holding.Unlock()
	return m.o.Drop(webhook)
}

// WhileOwned calls do, unless the member does not own the webhook. Drop is not called
// before do returns.
func (m *Member) WhileOwned(webhook string, do func()) {
	m.holding.Lock()
	defer m.holding.Unlock()
	if m.Owns(webhook) {
		do()
	}
}

// leave gives up all that is left, at a stop.
func (m *Member) leave(ctx context.Context) {
	m.mu.Lock()
	var names []string
	for name, h := range m.owned {
		if h.ready {
			names = append(names, name)
		}
	}
	m.mu.Unlock()
	for _, name := range names {
		select {
		case <-m.drop(name):
		case <-ctx.Done():
			return
		}
	}
	if len(names) > 0 {
		m.release(ctx, names)
	}
	m.flushed(ctx)
}

// endLease ends the lease. There must be no beat after it: that would renew the lease, and
// have the next process of the name wait for its end.
func (m *Member) endLease(ctx context.Context) {
	_ = m.call(ctx, `SELECT {schema}.leave($1,$2)`, []database.Argument{
		database.Text(m.o.Name), database.Text(m.incarnation),
	})
	m.tell(ctx, newOwners)
}
