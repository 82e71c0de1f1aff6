package history_test

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
	"sidehook/history/segment/memfs"
)

// play is a journal that things are done to, and the books of that.
type play struct {
	*running
	t      *testing.T
	rng    *rand.Rand
	fs     *memfs.FS
	woken  atomic.Bool
	paused map[string]bool
	order  map[string]history.Order
	taker  map[string]string // by former name

	posted     int
	generation uint64

	mu     sync.Mutex // recorded is called by others
	books  map[uint64]*delivery
	by     map[int64]*delivery // when it was accepted
	flying map[uint64]*history.Lease
}

// delivery is one in the books: each event goes to one webhook, so its number
// tells it.
type delivery struct {
	seq      uint64
	of       uint64
	webhook  string
	key      string
	ended    bool
	dirty    bool // what became of it may not be synced
	unsure   bool // a crash came then: it may have ended or not
	due      time.Time
	attempts int // negative: not known
}

func newPlay(t *testing.T, rng *rand.Rand) *play {
	return &play{
		t: t, rng: rng, fs: memfs.New(), paused: map[string]bool{}, order: map[string]history.Order{},
		books: map[uint64]*delivery{}, by: map[int64]*delivery{},
	}
}

// open starts the journal, and finds all that was accepted.
func (p *play) open() {
	for _, d := range p.books {
		if d.dirty {
			d.attempts, d.unsure = -1, d.unsure || d.ended
		}
		d.dirty, d.due = false, time.Time{}
	}
	p.flying, p.taker = map[uint64]*history.Lease{}, map[string]string{}
	p.running = start(p.t, p.fs, history.Options{SegmentSize: 4 << 10, Recorded: p.recorded})
	reading := read(p.t, p.fs)
	for _, d := range p.books {
		if _, err := reading.Event(history.Which{Seq: d.seq}); err != nil && !d.ended {
			p.t.Fatalf("the event of %+v: %v", d, err)
		}
	}
	for _, name := range webhooks {
		q := p.Queue(name)
		q.Notify(func() { p.woken.Store(true) })
		p.audit(name)
		q.Order(p.order[name])
		p.audit(name)
	}
}

func (p *play) accepted(seq, of uint64, name, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := &delivery{seq: seq, of: of, webhook: name, key: key}
	p.books[seq], p.by[time.Now().UnixNano()] = d, d
}

// recorded enters the end of a delivery.
func (p *play) recorded(a history.Recorded) {
	if a.Status == history.Retrying {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.by[a.Accepted.UnixNano()]
	switch {
	case d == nil:
		p.t.Errorf("an end, %s, of what was never accepted", a.Status)
		return
	case d.ended && !d.unsure:
		p.t.Errorf("%+v ends again, %s", d, a.Status)
	case p.flying[d.seq] != nil:
		p.t.Errorf("%+v ends while it is in flight, %s", d, a.Status)
	}
	d.ended, d.unsure, d.dirty = true, false, true
}

// chain are the names whose deliveries a webhook has, the oldest last.
func (p *play) chain(name string) (names []string) {
	for ; name != ""; name = p.older(name) {
		names = append(names, name)
	}
	return names
}

func (p *play) older(heir string) string {
	for name, taker := range p.taker {
		if taker == heir {
			return name
		}
	}
	return ""
}

// left counts what has not ended, what may not have, and what is in flight.
func (p *play) left(name string) (live, maybe, flying int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := p.chain(name)
	for _, d := range p.books {
		switch {
		case !slices.Contains(names, d.webhook):
		case !d.ended:
			live++
			if p.flying[d.seq] != nil {
				flying++
			}
		case d.unsure:
			maybe++
		}
	}
	return live, maybe, flying
}

// alive says of a delivery that it has not ended, as the journal does.
func (p *play) alive(seq uint64) *delivery {
	d := p.books[seq]
	if d == nil || d.ended && !d.unsure || p.flying[seq] != nil {
		p.t.Fatalf("seq %d waits: %+v, in flight: %t", seq, d, p.flying[seq] != nil)
	}
	if d.ended {
		d.ended, d.unsure, d.attempts = false, false, -1
	}
	return d
}

// taken enters a lease that the webhook got.
func (p *play) taken(name string, l *history.Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.alive(l.Seq)
	names := p.chain(name)
	if !slices.Contains(names, d.webhook) {
		p.t.Fatalf("%s got %+v", name, d)
	}
	if d.attempts >= 0 && l.Attempt != d.attempts+1 || l.Resend != (d.of != 0) {
		p.t.Fatalf("attempt %d, resend %t at %+v", l.Attempt, l.Resend, d)
	}
	if time.Until(d.due) > time.Millisecond { // the cursors have whole ones
		p.t.Fatalf("%+v is not due for %v", d, time.Until(d.due))
	}
	order := p.order[name]
	for _, x := range p.books {
		if x.ended || x == d {
			continue
		}
		ahead := x.seq < d.seq || p.flying[x.seq] != nil
		same := order.All || order.By != "" && d.key != "" && x.key == d.key
		if same && ahead && slices.Contains(names, x.webhook) {
			p.t.Fatalf("by order %+v got %+v ahead of %+v, in flight: %t", order, d, x, p.flying[x.seq] != nil)
		}
	}
	p.flying[l.Seq] = l
}

// landed takes a lease out of flight that is about to end.
func (p *play) landed(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.flying, seq)
}

// goesOn enters that a delivery waits.
func (p *play) goesOn(l *history.Lease, due time.Time, attempts int) {
	p.landed(l.Seq)
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.books[l.Seq]
	d.due, d.attempts, d.dirty = due, attempts, true
}

// waiting enters that a delivery was seen waiting.
func (p *play) waiting(name string, w *history.Waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.alive(w.Seq); !slices.Contains(p.chain(name), d.webhook) {
		p.t.Fatalf("%+v waits for %s", d, name)
	}
}

// hasten enters that waits may be due sooner.
func (p *play) hasten(name string) {
	names := p.chain(name)
	for _, d := range p.books {
		if slices.Contains(names, d.webhook) {
			d.due = time.Time{}
		}
	}
}

// oneFlying is a lease at random, nil if there is none.
func (p *play) oneFlying() *history.Lease {
	seqs := slices.Sorted(maps.Keys(p.flying))
	if len(seqs) == 0 {
		return nil
	}
	return p.flying[seqs[p.rng.IntN(len(seqs))]]
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
	seen, bytes := map[uint64]bool{}, int64(0)
	_, err := q.Cancel(func(w *history.Waiting) (history.Attempt, history.Verdict) {
		p.waiting(name, w)
		if seen[w.Seq] {
			p.t.Fatalf("%s: %d waits twice", name, w.Seq)
		}
		seen[w.Seq] = true
		bytes += w.Size
		return history.Attempt{}, history.Keep
	})
	if err != nil {
		p.t.Fatal(err)
	}
	b := q.Backlog()
	live, _, flying := p.left(name)
	if b.Events != len(seen)+flying || live != b.Events || b.InFlight != flying || q.Waiting() > b.Events {
		p.t.Fatalf("%s: %+v, %d waiting; %d wait in the files, and %d are live, %d of them in flight", name, b, q.Waiting(), len(seen), live, flying)
	}
	if flying == 0 && b.Bytes != bytes {
		p.t.Errorf("%s: the backlog is of %d bytes, want %d", name, b.Bytes, bytes)
	}
}
