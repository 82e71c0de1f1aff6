// Package member is one relay as a member of a cluster: it has a lease, owns webhooks, and
// has their queues. It takes webhooks over, gives them up, publishes to their queues what
// is accepted anywhere, and records what becomes of it.
//
//	M1  A webhook has one owner in each epoch. A member that takes it raises the epoch, in
//	    one step that compares owner, epoch and the owner's last beat (function take). It
//	    may do so only if the former owner has let go of the webhook, or has not beaten for
//	    the length of its lease, by the clock of the member that takes it: the database's
//	    may be set at any moment.
//	M2  An owner whose last answered beat was sent longer ago than the lease less the
//	    margin begins nothing. It begins again after a beat that has shown which
//	    webhooks it still owns.
//	M3  The queue of a webhook is built, after it was taken, of its checkpoint, the
//	    attempts since that are not late, and the records since. From then on the feed
//	    publishes to it each record exactly once. One goroutine does both.
//	M4  A webhook that was lost is taken again only after the last lease of the former
//	    time has ended.
//	M5  A webhook is given up in this order: nothing is claimed, requests in flight end,
//	    their lines are durable, the queue is removed, its checkpoint is written, its
//	    owner is cleared. So the last checkpoint covers all attempts.
package member

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/postgres/book"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/ledger"
	"sidehook/history/queue"
	"sidehook/history/trouble"
)

// Options of a member. DB and Name are required.
type Options struct {
	DB      *database.DB
	Name    string
	Address string
	Lease   time.Duration // 10 seconds if 0
	Log     *slog.Logger

	Recorded          func(history.Recorded) // as of queue.Options
	Bodies, LeastBody int64                  // as of queue.Options

	// Hold is called when the member has become the owner of a webhook, and Drop when it
	// no longer is, or must give it up. Drop's channel is closed when nothing uses the
	// queue any more. Nil: queues are not used.
	Hold func(webhook string)
	Drop func(webhook string) (released <-chan struct{})
	// Figures returns what other members show of a webhook, nil if nothing is new. It
	// must not wait for the member.
	Figures func(webhook string) []byte
	// Do does an action that another member has asked for (Ask).
	Do func(ctx context.Context, a Asked) (answer json.RawMessage)
	// Numbered is called with the number of what was declared.
	Numbered func(history.Generation)

	// Poll is how often the records are read without notifications.
	Poll time.Duration
	// Deaf makes the member poll only, without notifications of what others accept.
	Deaf bool
}

const (
	defaultLease = 10 * time.Second
	// margin is how much earlier than its lease ends an owner begins nothing any more.
	margin = 3 * time.Second
	// callTimeout is how long the database may take to answer.
	callTimeout = 5 * time.Second
	// stopGrace is how long a stop tries to give up what the member owns.
	stopGrace = 10 * time.Second
)

// Member is for concurrent use.
type Member struct {
	*queue.Set
	o           Options
	incarnation string
	clock       *dbClock
	book        *book.Book
	ledger      *ledger.Ledger
	feed        *feed

	until     atomic.Int64  // a clock.Mono: when nothing may be begun any more (M2)
	accepted  atomic.Uint64 // the last record that the member has accepted itself
	up        atomic.Bool
	takeovers atomic.Int64
	stopping  atomic.Bool
	heard     atomic.Bool // notifications arrive
	beatNow   chan struct{}
	fresh     chan struct{} // the member has accepted something
	away      trouble.Trouble
	asks      asks

	holding sync.Mutex // is held while Hold or Drop is called for a webhook

	mu       sync.Mutex
	next     *Declaration // not numbered yet
	declared Declaration
	unsent   bool // the entries of declared
	view     *view
	plan     plan
	owned    map[string]*holding
	losing   map[string]*losing
}

// holding is a webhook that the member owns.
type holding struct {
	epoch   int64
	ready   bool // its queue is built, and Hold has returned
	leaving bool // it is being given up
}

// losing is a webhook that was lost, until nothing is left of it (M4).
type losing struct {
	released <-chan struct{} // nil until Drop has returned
	removed  bool            // its queue
}

// New returns a member. It connects to nothing before Run.
func New(o Options) *Member {
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Recorded == nil {
		o.Recorded = func(history.Recorded) {}
	}
	if o.Hold == nil {
		o.Hold = func(string) {}
	}
	if o.Drop == nil {
		released := make(chan struct{})
		close(released)
		o.Drop = func(string) <-chan struct{} { return released }
	}
	if o.Figures == nil {
		o.Figures = func(string) []byte { return nil }
	}
	if o.Do == nil {
		o.Do = func(context.Context, Asked) json.RawMessage { return nil }
	}
	if o.Numbered == nil {
		o.Numbered = func(history.Generation) {}
	}
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	m := &Member{
		o: o, incarnation: rand.Text(), clock: newClock(), book: book.New(o.DB), beatNow: make(chan struct{}, 1), fresh: make(chan struct{}, 1), asks: newAskList(),
		owned: map[string]*holding{}, losing: map[string]*losing{},
	}
	m.ledger = ledger.New(ledger.Options{
		DB: o.DB, Member: o.Name, Incarnation: m.incarnation, Log: o.Log, Skew: m.clock.skew,
		Late: func(string, int64) { m.wakeBeat() }, Drained: func() { m.WakeAll() },
	})
	m.Set = queue.NewSet(queue.Options{
		Book: m.book, Ledger: fenced{m.ledger, m}, Clock: m.clock, Log: o.Log, Recorded: o.Recorded, Bodies: o.Bodies, LeastBody: o.LeastBody,
	})
	m.feed = newFeed(m)
	return m
}

// fenced is the ledger as the queues see it: nothing is begun without a lease (M2).
type fenced struct {
	*ledger.Ledger
	m *Member
}

func (f fenced) Full() bool { return !f.m.mayBegin() || f.Ledger.Full() }

func (m *Member) mayBegin() bool { return int64(m.clock.Now()) < m.until.Load() }

// extend lets the member begin deliveries, after a beat that was sent at a moment.
func (m *Member) extend(sent clock.Mono) {
	was := m.mayBegin()
	m.until.Store(int64(sent.Add(m.o.Lease - margin)))
	if !was && m.mayBegin() {
		m.WakeAll()
	}
}

// NameTakenError is the error of Run if another process has the name.
type NameTakenError struct{ Name string }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("another sidehook named %q runs in this cluster; give each host a cluster.name of its own", e.Name)
}

// Run is a member until ctx is done, and then gives up what it owns. Before that, the
// requests in flight must have ended. Errors: *NameTakenError.
func (m *Member) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop() // also where another has the name
	// What writes and reads ends last: giving up needs it.
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	defer die()
	writing, stopWriting := context.WithCancel(living)
	defer stopWriting()
	group.Go(func() { m.ledger.Run(writing) })
	group.Go(func() { m.feed.run(living) })
	group.Go(func() { m.Set.Sweep(ctx) })
	if !m.o.Deaf {
		group.Go(func() { m.listen(ctx) })
	}
	group.Go(func() { m.tellOthers(ctx) })
	group.Go(func() { m.answerAsks(ctx) })
	views := make(chan *view, 1)
	ended := make(chan error, 1)
	last := make(chan struct{}) // is closed for the last beat to end
	group.Go(func() { ended <- m.beatUntil(living, last, views) })
	var balanced sync.WaitGroup
	balancing, stopBalancing := context.WithCancel(ctx)
	defer stopBalancing()
	balanced.Go(func() { m.balance(balancing, views) })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	m.Leave()
	balanced.Wait()
	giving, giveUp := context.WithTimeout(living, stopGrace)
	defer giveUp()
	m.leave(giving)
	close(last)
	<-ended
	m.endLease(giving)
	return nil
}

// Flush returns once all outcomes so far are durable, or cannot be made so now.
func (m *Member) Flush() error { return m.ledger.Flush() }

// WaitWritten returns when the outcomes so far can be read, or ctx is done.
func (m *Member) WaitWritten(ctx context.Context) { m.ledger.WaitWritten(ctx) }

// Published returns up to which record those for the member's webhooks are in their
// queues.
func (m *Member) Published() history.Seq { return m.feed.published() }

// Accepted adds what the member itself has accepted. It is for accept.Options.
func (m *Member) Accepted(fresh []queue.Published, _ history.Seq) {
	if n := len(fresh); n > 0 {
		m.accepted.Store(uint64(fresh[n-1].Number))
	}
	m.feed.accepted(fresh)
	select {
	case m.fresh <- struct{}{}:
	default:
	}
}

// Owns reports whether the member owns a webhook, its queue is built, and Hold has returned.
func (m *Member) Owns(webhook string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.owned[webhook]
	return h != nil && h.ready && !h.leaving
}

func (m *Member) wakeBeat() {
	select {
	case m.beatNow <- struct{}{}:
	default:
	}
}
