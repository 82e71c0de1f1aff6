package member

import (
	"context"
	"time"

	"sidehook/history"
)

// State is the cluster as this member last saw it.
type State struct {
	Up        bool // the last beat was answered
	Members   int  // that live
	Owned     int  // webhooks of this member
	Takeovers int64
	Late      int64
}

func (m *Member) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Up: m.up.Load(), Takeovers: m.takeovers.Load(), Late: m.ledger.Late()}
	if m.view != nil {
		s.Members = len(m.view.living())
	}
	for _, h := range m.owned {
		if h.ready {
			s.Owned++
		}
	}
	return s
}

// Skew returns the database's time minus time.Now.
func (m *Member) Skew() time.Duration { return m.clock.skew() }

// LastLine returns a number of a line. When Hold is called for a webhook, the lines of its
// former owners are up to there, and those that this member records come after it.
func (m *Member) LastLine() history.LineNo { return m.ledger.LastN() }

// Owner returns the member that owns a webhook, "" if none does at the moment.
func (m *Member) Owner(webhook string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.owned[webhook]; h != nil && h.ready {
		return m.o.Name
	}
	if m.view == nil {
		return ""
	}
	if c := m.view.cursors[webhook]; m.view.lives(c.owner, c.incarnation) && c.owner != m.o.Name {
		return c.owner
	}
	return ""
}

// Attempted visits the attempts at the deliveries of records, by any member (book.Book).
func (m *Member) Attempted(ctx context.Context, seqs []history.Seq, visit func(*history.DeliveryRecord)) error {
	return m.book.Attempted(ctx, seqs, visit)
}

// CatchUp returns when all that is committed by now is in the queues, or ctx is done.
func (m *Member) CatchUp(ctx context.Context) error {
	last, err := m.book.Last(ctx)
	if err != nil {
		return err
	}
	for m.Published() < last {
		m.feed.others()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// Declared reports whether a living member has a webhook in its file. It reports true for
// all webhooks until a view of the cluster has the latest declaration of this member.
func (m *Member) Declared(webhook string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.seenLocked() || m.plan.declared[webhook]
}

// seenLocked reports whether the plan includes the latest declaration of this member.
func (m *Member) seenLocked() bool {
	own := m.plan.own
	return m.next == nil && !m.unsent && own != nil && own.Incarnation == m.incarnation && own.Generation == m.declared.Generation && own.File == m.declared.File
}

// WaitQueued returns when what this member has accepted is in the queues that it owns, and
// Declared knows. It reports false if that takes long, such as while the database is away.
func (m *Member) WaitQueued(ctx context.Context) bool {
	if m.queued() {
		return true
	}
	late := time.NewTimer(queuedWithin)
	defer late.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !m.queued() {
		select {
		case <-tick.C:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

const queuedWithin = time.Second

func (m *Member) queued() bool {
	if m.Published() < history.Seq(m.accepted.Load()) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seenLocked()
}

// Differing returns the living members that have another entry of a webhook in their
// files than this one, or none.
func (m *Member) Differing(webhook string) (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.view == nil {
		return nil
	}
	own := m.declared.entries[webhook].Digest
	for _, p := range m.view.living() {
		if p.Name != m.o.Name && p.entries[webhook].Digest != own {
			names = append(names, p.Name)
		}
	}
	return names
}

// Figures are what the owner of a webhook has written of it last (Options.Figures).
type Figures struct {
	Text []byte
	Age  time.Duration // since it was written
}

// Figures returns them by the names of the webhooks.
func (m *Member) Figures(ctx context.Context) (map[string]Figures, error) {
	rows := m.o.DB.Query(ctx, `SELECT webhook, figures, greatest(0, {schema}.now_ns() - written) FROM {schema}.cursors WHERE figures IS NOT NULL`)
	all := map[string]Figures{}
	var name string
	var f Figures
	for rows.Next(&name, &f.Text, (*int64)(&f.Age)) {
		all[name] = f
	}
	return all, rows.Close()
}
