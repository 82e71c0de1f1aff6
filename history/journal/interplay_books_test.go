package journal_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// play is a journal that things are done to, and the books of that.
type play struct {
	*running
	t      *testing.T
	rng    *rand.Rand
	fs     *memfs.FS
	woken  atomic.Bool
	paused map[string]bool
	order  map[string]queue.Order

	posted     int
	generation history.Generation

	mu     sync.Mutex             // recorded is called by others
	books  map[int64]*delivery    // by when they were accepted
	flying map[int64]*queue.Lease // the same
}

// delivery is one in the books: each event goes to one webhook and is accepted
// at a time of its own, which a rename keeps.
type delivery struct {
	seq      history.Seq
	event    history.Seq // the seq of its event
	resend   bool
	webhook  string
	moved    bool // it is in flight under a former name
	key      string
	ended    bool
	dirty    bool // what became of it may not be synced
	unsure   bool // a crash came then: it may have ended or not
	due      time.Time
	attempts int // negative: not known
}

func newPlay(t *testing.T, rng *rand.Rand) *play {
	return &play{
		t: t, rng: rng, fs: memfs.New(), paused: map[string]bool{}, order: map[string]queue.Order{},
		books: map[int64]*delivery{},
	}
}

// open starts the journal, and finds all that was accepted.
func (p *play) open() {
	for _, d := range p.books {
		if d.dirty {
			d.attempts, d.unsure = -1, d.unsure || d.ended
		}
		d.dirty, d.moved, d.due = false, false, time.Time{}
	}
	p.flying = map[int64]*queue.Lease{}
	p.running = start(p.t, p.fs, journal.Options{SegmentSize: 4 << 10, Recorded: p.recorded})
	reading := read(p.t, p.fs)
	for _, d := range p.books {
		if _, err := reading.Event(query.EventRef{Seq: d.event}); err != nil && !d.ended {
			p.t.Fatalf("the event of %+v: %v", d, err)
		}
	}
	for _, name := range webhooks {
		q := p.Queue(name)
		q.Notify(func() { p.woken.Store(true) })
		p.find(name) // what was in flight when it was moved
		p.audit(name)
		q.Order(p.order[name])
		p.audit(name)
	}
}

func (p *play) accepted(seq, event history.Seq, name, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.books[time.Now().UnixNano()] = &delivery{seq: seq, event: event, resend: seq != event, webhook: name, key: key}
}

// recorded enters the end of a delivery.
func (p *play) recorded(a history.Recorded) {
	if a.Status == history.Retrying || a.RenamedTo != "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := a.Accepted.UnixNano()
	d := p.books[at]
	switch {
	case d == nil:
		p.t.Errorf("an end, %s, of what was never accepted", a.Status)
		return
	case d.ended && !d.unsure:
		p.t.Errorf("%+v ends again, %s", d, a.Status)
	case p.flying[at] != nil:
		p.t.Errorf("%+v ends while it is in flight, %s", d, a.Status)
	}
	d.ended, d.unsure, d.dirty = true, false, true
}

// left counts what has not ended, what may not have, and what is in flight.
func (p *play) left(name string) (live, maybe, flying int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, d := range p.books {
		l := p.flying[at]
		switch {
		case d.webhook != name:
		case !d.ended:
			live++
			if l != nil {
				flying++
			}
		case d.unsure:
			maybe++
		}
	}
	return live, maybe, flying
}

// alive says of a delivery that it has not ended, as the journal does.
func (p *play) alive(at time.Time) *delivery {
	d := p.books[at.UnixNano()]
	if d == nil || d.ended && !d.unsure || p.flying[at.UnixNano()] != nil {
		p.t.Fatalf("accepted %v, waits: %+v, in flight: %t", at, d, p.flying[at.UnixNano()] != nil)
	}
	if d.ended {
		d.ended, d.unsure, d.attempts = false, false, -1
	}
	return d
}

// moved enters what a rename has moved: what waits, and what is in flight.
func (p *play) moved(was, to string) {
	for at := range p.flying {
		if d := p.books[at]; d.webhook == was {
			d.webhook, d.moved = to, true
		}
	}
	p.find(to)
}

// find enters under which numbers deliveries wait that were moved to a name.
func (p *play) find(to string) {
	_, err := p.Queue(to).Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if d := p.books[w.Accepted.UnixNano()]; d != nil && (d.webhook != to || d.seq != w.Seq) {
			d.webhook, d.seq, d.attempts, d.due = to, w.Seq, 0, time.Time{}
		}
		return history.Attempt{}, queue.Keep
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// taken enters a lease that the webhook got.
func (p *play) taken(name string, l *queue.Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.alive(l.Accepted)
	if d.webhook != name || d.moved {
		p.t.Fatalf("%s got %+v", name, d)
	}
	if d.attempts >= 0 && l.Attempt != d.attempts+1 || l.Resend != d.resend {
		p.t.Fatalf("attempt %d, resend %t at %+v", l.Attempt, l.Resend, d)
	}
	if time.Until(d.due) > time.Millisecond { // the cursors have whole ones
		p.t.Fatalf("%+v is not due for %v", d, time.Until(d.due))
	}
	order := p.order[name]
	for at, x := range p.books {
		if x.ended || x == d {
			continue
		}
		flying := p.flying[at] != nil && !x.moved
		ahead := x.seq < d.seq || flying
		same := order.All || order.By != "" && d.key != "" && x.key == d.key
		if same && ahead && x.webhook == name {
			p.t.Fatalf("by order %+v got %+v before %+v, in flight: %t", order, d, x, flying)
		}
	}
	p.flying[l.Accepted.UnixNano()] = l
}

// landed takes a lease out of flight that is about to end.
func (p *play) landed(l *queue.Lease) *delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.books[l.Accepted.UnixNano()]
	delete(p.flying, l.Accepted.UnixNano())
	d.moved = false
	return d
}

// goesOn enters that a delivery waits: under its new name, if it was renamed
// meanwhile, as if no attempt had been made.
func (p *play) goesOn(l *queue.Lease, due time.Time, attempts int) {
	d := p.landed(l)
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.webhook == l.Webhook() {
		d.due, d.attempts, d.dirty = due, attempts, true
	}
}

// waiting enters that a delivery was seen waiting.
func (p *play) waiting(name string, w *queue.Waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.alive(w.Accepted); d.webhook != name {
		p.t.Fatalf("%+v waits for %s", d, name)
	}
}

// hasten enters that waits may be due sooner.
func (p *play) hasten(name string) {
	for _, d := range p.books {
		if d.webhook == name {
			d.due = time.Time{}
		}
	}
}

// oneFlying is a lease at random, nil if there is none.
func (p *play) oneFlying() *queue.Lease {
	times := slices.Sorted(maps.Keys(p.flying))
	if len(times) == 0 {
		return nil
	}
	return p.flying[times[p.rng.IntN(len(times))]]
}

// flush has all synced that was recorded.
func (p *play) flush() {
	before := p.unsynced()
	if err := p.Flush(); err != nil {
		p.t.Fatal(err)
	}
	p.synced(before)
}

func (p *play) unsynced() (list []*delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.books {
		if d.dirty {
			list = append(list, d)
		}
	}
	return list
}

func (p *play) synced(list []*delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range list {
		d.dirty = false
	}
}

// audit holds what a webhook says of its backlog against the books.
func (p *play) audit(name string) {
	synctest.Wait() // the sweep is over
	q := p.Queue(name)
	seen, bytes := map[history.Seq]bool{}, int64(0)
	_, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
		p.waiting(name, w)
		if seen[w.Seq] {
			p.t.Fatalf("%s: %d waits twice", name, w.Seq)
		}
		seen[w.Seq] = true
		bytes += w.Size
		return history.Attempt{}, queue.Keep
	})
	if err != nil {
		p.t.Fatal(err)
	}
	b := q.Backlog()
	live, _, flying := p.left(name)
	former := 0 // what is in flight, and was moved
	for at, l := range p.flying {
		if l.Webhook() == name && p.books[at].webhook != name {
			former++
		}
	}
	if b.Events != len(seen)+flying || live != b.Events || b.InFlight != flying+former || q.Waiting() > b.Events {
		p.t.Fatalf("%s: %+v, %d waiting; %d wait in the files, and %d are live, %d of them in flight", name, b, q.Waiting(), len(seen), live, flying)
	}
	if flying == 0 && b.Bytes != bytes {
		p.t.Errorf("%s: the backlog is of %d bytes, want %d", name, b.Bytes, bytes)
	}
}
