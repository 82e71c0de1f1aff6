package member

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"sidehook/history/internal/clock"
	"sidehook/history/postgres/database"
)

// maxBeat is how long there is between two beats at most; else a fifth of the lease.
const maxBeat = 2 * time.Second

// beats is the state of the goroutine that beats.
type beats struct {
	*Member
	joined    bool
	holder    string // another incarnation that has the name,
	since     int64  // and its last beat when it was first seen
	over      int64  // that beat, once its lease is over
	ownership string // the ownership in the answer for which the view was read
	views     chan *view

	silent         map[string]silence // by member
	answered, back clock.Mono         // when the last beat was answered, and the first one after a gap
}

// answer is the result of the function beat.
type answer struct {
	at, since, asked           int64
	holder, members, ownership string
}

// beatUntil renews the lease until ctx is done, or last is closed, or the name is
// another's.
func (m *Member) beatUntil(ctx context.Context, last <-chan struct{}, views chan *view) error {
	b := &beats{Member: m, views: views}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-last:
			return nil
		case <-timer.C:
		case <-m.beatNow:
		}
		timer.Reset(m.every())
		if err := b.beat(ctx); err != nil {
			return err
		}
	}
}

// beat renews the lease once. Its error is final.
func (b *beats) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := b.declare(ctx); err != nil {
		b.failed(err)
		return nil
	}
	a, sent, err := b.call(ctx)
	if err != nil {
		b.failed(err)
		return nil
	}
	var peers []*peer
	if err := json.Unmarshal([]byte(a.members), &peers); err != nil {
		b.failed(err)
		return nil
	}
	b.watch(peers, a.at)
	if a.holder != "" {
		if b.joined || b.holder == a.holder && b.since != a.since {
			return &NameTakenError{b.o.Name}
		}
		b.holder, b.since, b.over = a.holder, a.since, 0
		for _, p := range peers {
			if p.Name == b.o.Name && p.over { // it has died
				b.over = p.Beat
			}
		}
		return nil
	}
	b.joined = true
	v, err := b.look(ctx, &a, peers)
	if err != nil {
		b.failed(err)
		return nil
	}
	b.up.Store(true)
	b.away.Over(b.o.Log, "the database answers the beats of this member again")
	b.loseOthers(v)
	b.extend(sent) // M2
	if a.asked != 0 {
		b.asks.wake()
	}
	select {
	case <-b.views:
	default:
	}
	b.views <- v
	return nil
}

// call makes the call, and returns when it was sent.
func (b *beats) call(ctx context.Context) (a answer, sent clock.Mono, err error) {
	b.mu.Lock()
	d, unsent, leaving := b.declared, b.unsent || !b.joined, b.stopping.Load()
	b.mu.Unlock()
	var entries []byte // nil: they are known
	if unsent {
		if entries, err = json.Marshal(d.entries); err != nil {
			return a, 0, err
		}
	}
	sent = b.clock.Now()
	err = b.o.DB.Call(ctx, `SELECT at, holder, since, members, ownership, asked FROM {schema}.beat($1,$2,$3,$4,$5,$6,$7,$8,$9)`, []database.Argument{
		database.Text(b.o.Name), database.Text(b.incarnation), database.Int8(b.o.Lease),
		database.Text(b.o.Address), database.Int8(d.Generation), database.Text(d.File),
		database.JSONB(entries), database.Bool(leaving), database.Int8(b.over),
	}, &a.at, &a.holder, &a.since, &a.members, &a.ownership, &a.asked)
	if err != nil {
		return a, sent, err
	}
	if by := b.clock.sync(time.Unix(0, a.at), sent, b.clock.Now()); by != 0 {
		b.o.Log.Warn("the clock of the database was set; waits and ages continue as if it had not been", "by", by.Round(time.Millisecond))
	}
	if unsent && a.holder == "" {
		b.mu.Lock()
		b.unsent = b.unsent && !b.declared.same(&d)
		b.mu.Unlock()
	}
	return a, sent, nil
}

func (b *beats) failed(err error) {
	b.up.Store(false)
	if database.IsRefused(err) {
		b.away.Met(b.o.Log, "the database refuses the beats of this member", database.Explained(err))
	}
}

// look returns the cluster as a beat has found it, or later: its members, and what they have
// and own.
func (b *beats) look(ctx context.Context, a *answer, peers []*peer) (*view, error) {
	b.mu.Lock()
	before := b.view
	b.mu.Unlock()
	if before == nil {
		before = &view{}
	}
	v := &view{peers: map[string]*peer{}, cursors: before.cursors}
	var changed []string
	for _, p := range peers {
		v.peers[p.Name] = p
		if old := before.peers[p.Name]; old != nil && old.Incarnation == p.Incarnation && old.Generation == p.Generation && old.File == p.File {
			p.entries = old.entries
		} else {
			changed = append(changed, p.Name)
		}
	}
	if len(changed) > 0 {
		if err := b.readEntries(ctx, v, changed); err != nil {
			return nil, err
		}
	}
	if a.ownership != b.ownership {
		cursors, err := b.readCursors(ctx)
		if err != nil {
			return nil, err
		}
		v.cursors, b.ownership = cursors, a.ownership
	}
	b.mu.Lock()
	b.view = v
	b.mu.Unlock()
	return v, nil
}

// readEntries reads what members have in their files.
func (b *beats) readEntries(ctx context.Context, v *view, names []string) error {
	rows := b.o.DB.Query(ctx, `SELECT name, entries::text FROM {schema}.members WHERE name = ANY ($1)`, database.Texts(names))
	defer rows.Close()
	var name, text string
	for rows.Next(&name, &text) {
		if p := v.peers[name]; p != nil {
			if err := json.Unmarshal([]byte(text), &p.entries); err != nil {
				return err
			}
		}
	}
	return rows.Close()
}

// readCursors reads who owns the webhooks.
func (b *beats) readCursors(ctx context.Context) (map[string]cursor, error) {
	rows := b.o.DB.Query(ctx, `SELECT webhook, owner, incarnation, epoch FROM {schema}.cursors WHERE webhook <> ''`)
	cursors := map[string]cursor{}
	var name string
	var c cursor
	for rows.Next(&name, &c.owner, &c.incarnation, &c.epoch) {
		cursors[name] = c
	}
	return cursors, rows.Close()
}

// loseOthers drops the webhooks that others have taken, before anything is begun again.
func (b *beats) loseOthers(v *view) {
	b.mu.Lock()
	var lost []string
	for name, h := range maps.Clone(b.owned) {
		c, ok := v.cursors[name]
		if ok && (c.owner != b.o.Name || c.incarnation != b.incarnation) && c.epoch > h.epoch {
			lost = append(lost, name)
			delete(b.owned, name)
			b.losing[name] = &losing{}
		}
	}
	b.mu.Unlock()
	for _, name := range lost {
		b.holding.Lock()
		released := b.o.Drop(name)
		b.holding.Unlock()
		b.mu.Lock()
		l := b.losing[name]
		l.released = released
		b.mu.Unlock()
		b.feed.later(func() {
			b.feed.remove(name)
			b.mu.Lock()
			defer b.mu.Unlock()
			l.removed = true
		})
		if owner := v.cursors[name].owner; owner != "" {
			b.o.Log.Warn("another member has taken a webhook", "webhook", name, "owner", owner)
		}
	}
}
