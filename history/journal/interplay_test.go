package journal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// TestInterplay does at random, on a few queues, all that may be done to a queue
// and to what it stands on: order, throttling, limits, former names, resends,
// cancels, retention, stops, kills and power cuts, and holds it against books.
func TestInterplay(t *testing.T) {
	for seed := range some(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { interplay(t, seed) })
		})
	}
}

func interplay(t *testing.T, seed uint64) {
	p := newPlay(t, rand.New(rand.NewPCG(seed, 21)))
	for range 4 {
		p.open()
		for range 60 {
			p.step()
		}
		p.end()
	}
	p.open()
	p.settleAll()
}

// step does one thing.
func (p *play) step() {
	name := webhooks[p.rng.IntN(len(webhooks))]
	q := p.Queue(name)

	switch p.rng.IntN(24) {
	case 0, 1, 2, 3:
		p.post(name)
	case 4, 5, 6, 7, 8:
		p.claim(name, p.rng.IntN(12))
	case 9, 10, 11:
		p.finish(p.rng.IntN(3) + 1)
	case 12:
		p.order[name] = []queue.Order{{}, {All: true}, {By: "data.k"}, {By: "data.k"}}[p.rng.IntN(4)]
		q.Order(p.order[name])
	case 13:
		p.cancel(name)
	case 14:
		p.limit(name)
	case 15:
		p.rename(name)
	case 16:
		p.resend(name)
	case 17:
		p.hurry(name, q.RetryNow, q.Unthrottle, func() { q.PullForward(time.Now().Add(-time.Minute)) },
			func() { q.Schedule([]time.Duration{time.Second, time.Minute}) })
	case 18:
		p.Retain(journal.Retention{
			Keep:    []time.Duration{0, time.Minute, time.Hour}[p.rng.IntN(3)],
			MaxSize: []int64{0, 32 << 10, 64 << 10}[p.rng.IntN(3)],
		})
	case 19:
		p.paused[name] = !p.paused[name]
	case 20, 21:
		time.Sleep(time.Duration(p.rng.IntN(20_000)) * time.Millisecond)
	case 22:
		time.Sleep(time.Second)
		p.flush()
	default:
		p.audit(name)
	}
}

// post accepts a few events for a webhook, each at a time of its own: that tells
// them apart where no number does.
func (p *play) post(name string) {
	n := 1 + p.rng.IntN(12)
	if p.rng.IntN(12) == 0 {
		n = []int{100, 100, 600}[p.rng.IntN(3)] // which is more than a window
	}
	for range n {
		p.posted++
		expires, key := "", []string{"", "x", "y", "z"}[p.rng.IntN(4)]
		if p.rng.IntN(8) == 0 {
			at := time.Now().Add(time.Duration(p.rng.IntN(60_000)) * time.Millisecond)
			expires = fmt.Sprintf(`"expirytime":%q,`, at.UTC().Format(time.RFC3339Nano))
		}
		data := "{}"
		if key != "" {
			data = fmt.Sprintf(`{"k":%q}`, key)
		}
		e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":"e%d",%s"data":%s}`, p.posted, expires, data))
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		receipts, err := p.Append(context.Background(), []history.Entry{{Event: e, To: []string{name}, Generation: 1}})
		if errors.Is(err, history.ErrNoRoom) {
			return
		}
		if err != nil {
			p.t.Fatalf("append: %v", err)
		}
		p.accepted(receipts[0].Seq, receipts[0].Seq, name, key)
	}
}

// claim takes up to so many deliveries, and then compares them with what is due.
func (p *play) claim(name string, most int) {
	if p.paused[name] {
		return
	}
	q := p.Queue(name)
	pick := queue.ClaimMode(p.rng.IntN(3))
	for range most {
		l, ok := p.claimOne(q, pick)
		if !ok {
			p.mayStop(q, pick)
			return
		}
		p.taken(name, l)
	}
}

// claimOne claims as a worker does: again if it was woken meanwhile.
func (p *play) claimOne(q *queue.Queue, pick queue.ClaimMode) (*queue.Lease, bool) {
	for {
		p.woken.Store(false)
		l, ok := q.Claim(pick)
		if ok || !p.woken.Load() {
			return l, ok
		}
	}
}

// mayStop: where a claim gives nothing and nobody was woken, nothing is due, or
// what waits has somebody else to wake for it (W3).
func (p *play) mayStop(q *queue.Queue, pick queue.ClaimMode) {
	due, ok := q.Due()
	live, _, flying := p.left(q.Name())
	switch {
	case ok && !due.After(time.Now()) && pick != queue.RetriesOnly:
		p.t.Fatalf("%s is due since %v, and nothing can be claimed (pick %v, order %+v, %d live, %d in flight)", q.Name(), time.Since(due), pick, p.order[q.Name()], live, flying)
	case !ok && live > 0 && flying == 0:
		p.t.Fatalf("%s has %d deliveries, and none is ever due", q.Name(), live)
	}
}

// finish ends so many of the leases, in any way.
func (p *play) finish(most int) {
	for range most {
		l := p.oneFlying()
		if l == nil {
			return
		}
		now := time.Now()
		at := now.Add(time.Duration(p.rng.IntN(30_000)) * time.Millisecond)
		switch p.rng.IntN(10) {
		case 0, 1:
			p.goesOn(l, at, l.Attempt)
			l.Retry(history.Attempt{Status: history.Retrying, Code: 500}, at)
		case 2:
			p.goesOn(l, at, l.Attempt-1)
			l.Retry(history.Attempt{Status: history.Retrying, Code: 429, Throttled: at, NoStep: true}, at)
		case 3:
			p.goesOn(l, now, l.Attempt-1)
			l.Release(nil, now)
		case 4:
			p.goesOn(l, at, l.Attempt-1)
			l.Note(history.Attempt{Status: history.Retrying})
			l.Release(&history.Attempt{Status: history.Retrying}, at)
		default:
			p.landed(l)
			l.Done(delivered) // the books hear of it
		}
		p.find(p.books[l.Accepted.UnixNano()].webhook)
	}
}

func (p *play) cancel(name string) {
	want, one := 0, p.rng.IntN(4)
	n, err := p.Queue(name).Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		p.waiting(name, w)
		switch {
		case one == 0, p.rng.IntN(4) == 0:
			want++
			return canceled, queue.End
		case one == 1 && p.rng.IntN(20) == 0:
			return history.Attempt{}, queue.Enough
		}
		return history.Attempt{}, queue.Keep
	})
	if err != nil || n > want {
		p.t.Fatalf("cancel at %s: %d, %v; want %d", name, n, err, want)
	}
}

func (p *play) limit(name string) {
	p.generation++
	var limits []queue.Limit
	if p.rng.IntN(2) == 0 {
		limits = append(limits, queue.Limit{Setting: "age", Age: time.Duration(10+p.rng.IntN(60)) * time.Second})
	}
	if p.rng.IntN(2) == 0 {
		limits = append(limits, queue.Limit{Setting: "size", Size: int64(1+p.rng.IntN(8)) << 10})
	}
	if p.rng.IntN(3) == 0 {
		limits = nil
	}
	p.Queue(name).Limit(p.generation, limits...)
}

// rename moves a name's deliveries to another.
func (p *play) rename(name string) {
	to := webhooks[p.rng.IntN(len(webhooks))]
	if to == name {
		return
	}
	time.Sleep(time.Millisecond)
	switch n, err := p.Rename(context.Background(), name, to, 1); {
	case err != nil && !errors.Is(err, history.ErrNoRoom):
		p.t.Fatalf("rename %s: %v", name, err)
	case n > 0:
		p.moved(name, to)
	}
}

func (p *play) resend(name string) {
	if len(p.books) == 0 {
		return
	}
	times := slices.Sorted(maps.Keys(p.books))
	d := p.books[times[p.rng.IntN(len(times))]]
	reading := read(p.t, p.fs)
	of, err := reading.Event(query.EventRef{Seq: d.event})
	if err != nil {
		return // it has been removed
	}
	time.Sleep(time.Millisecond)
	p.hasten(name)
	receipt, err := p.Resend(context.Background(), journal.Resend{Of: of, To: []string{name}, By: "test"})
	switch {
	case errors.Is(err, history.ErrNoRoom), errors.Is(err, history.ErrNotFound), err == nil && len(receipt.To) == 0:
	case err != nil:
		p.t.Fatalf("resend: %v", err)
	default:
		p.accepted(receipt.Seq, of.Seq, name, d.key)
	}
}

func (p *play) hurry(name string, ways ...func()) {
	ways[p.rng.IntN(len(ways))]()
	p.hasten(name)
}

// end stops the journal, one way or the other, and may lose its cursors.
func (p *play) end() {
	after := p.fs
	switch p.rng.IntN(4) {
	case 0:
		if err := p.stop(); err != nil {
			p.t.Fatalf("stop: %v", err)
		}
		p.synced(p.unsynced())
	case 1:
		after = p.fs.Crash(p.rng)
	case 2:
		p.flush()
		after = p.fs.Kill()
	default:
		after = p.fs.Kill()
	}
	_ = p.stop() // of a file system that is gone
	switch p.fs = after; p.rng.IntN(4) {
	case 0:
		_ = p.fs.Remove("cursors.json")
	case 1:
		loseCursors(p.fs)
	}
}

// settleAll ends all that is left, and finds nothing after that.
func (p *play) settleAll() {
	clear(p.paused)
	p.Retain(journal.Retention{})
	for _, name := range webhooks {
		q := p.Queue(name)
		for range 10_000 {
			if l, ok := p.claimOne(q, queue.Retries); ok {
				p.taken(name, l)
				p.landed(l)
				l.Done(delivered)
				continue
			}
			p.mayStop(q, queue.Retries)
			due, ok := q.Due()
			if !ok {
				break
			}
			time.Sleep(time.Until(due))
		}
	}
	p.none()
	p.Retain(journal.Retention{MaxSize: 16 << 10})
	time.Sleep(time.Minute)
	for _, name := range webhooks {
		if n := p.Held(p.Queue(name)); n != 0 {
			p.t.Errorf("%s holds %d bytes, and nothing waits", name, n)
		}
	}
	if err := p.stop(); err != nil {
		p.t.Errorf("stop: %v", err)
	}
	sound(p.t, p.fs)
	loseCursors(p.fs)
	p.open()
	p.none()
}

// none fails the test if anything is left.
func (p *play) none() {
	p.t.Helper()
	for _, name := range webhooks {
		q := p.Queue(name)
		if live, _, _ := p.left(name); live > 0 || q.Backlog() != (queue.Backlog{}) || q.Waiting() > 0 {
			p.t.Errorf("%s: %d have not ended, %+v, %d waiting", name, live, q.Backlog(), q.Waiting())
		}
	}
}
