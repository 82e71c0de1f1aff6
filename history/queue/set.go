package queue

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
)

// Book reads the accepted events, of which every one that was published is
// durable. Its methods may run at once, and Follow and Load may take long: no lock
// of a queue is held meanwhile.
//
// An error that is history.ErrDamaged is final: the record is lost, and its
// delivery ends as failed. Any other error may pass: the queue tries again after a
// second, for as long as it takes.
type Book interface {
	// Follow reads on from a mark, through the records up to last. It returns the
	// deliveries to the webhook that it meets, in order and at most ChunkSize of
	// them, and the mark from which to go on. It passes over damaged records; if
	// none that is good is left, the mark's Seq is last+1. It ends before the first
	// record that stop reports true for, whichever webhook that is for; stop may be
	// nil. A delivery has its Body if keep reports true for it; keep must be asked
	// once for each, before the Body is copied.
	Follow(webhook string, from Mark, last history.Seq, keep func(*Body) bool, stop StopFunc) (found []Item, next Mark, err error)
	// Load fills in an Item, of which the Number is given, and Place if it is known.
	Load(*Item) error
	// Bounds returns the range of seqs, from first to before next, that are kept or
	// removed together with this one. It must be quick: the queue is locked.
	Bounds(seq history.Seq) (first, next history.Seq)
}

// StopFunc reports whether reading stops before a record.
type StopFunc func(seq history.Seq, accepted int64) bool

// Ledger takes what became of deliveries. Its methods may run at once.
type Ledger interface {
	// Record takes a line. It must not block: the queue is locked. The line need not
	// be durable on return, but must not be lost while the process lives, so the
	// Ledger retries; and the lines of one webhook must become durable in the order
	// in which they came. A line that a crash loses has its delivery attempted again.
	Record(history.Line)
	// Full reports whether no more lines should come, since they cannot be written
	// for now: then nothing is claimed. The engine calls Set.WakeAll after that.
	Full() bool
	// Flush returns once all that was recorded before is durable. If it fails, that
	// may become durable later: the Ledger goes on trying, and the caller decides
	// whether to ask again.
	Flush() error
}

// Clock tells the time for waits and for the age of events. It runs on, also while
// the wall clock is set. Its methods may run at once and must be quick: a claim
// asks it with the queue locked.
type Clock interface {
	// Began returns the moment that Now counts from, as read from time.Now.
	Began() time.Time
	// Now returns the monotonic time since then.
	Now() clock.Mono
	// Age returns how long before now an event was accepted: the one that has this
	// seq, and this time of the wall clock in its record, in Unix nanoseconds.
	Age(seq history.Seq, accepted int64, now clock.Mono) time.Duration
	// Check returns the time of the wall clock, and notices whether it was set.
	Check() time.Time
}

const (
	// DefaultBodies is how many bytes of events are in flight at most.
	DefaultBodies = 64 << 20
	// maxReads is how many claims read the storage at a time: each takes the memory
	// of the records that it looks at.
	maxReads = 4
)

// Options say what the queues of a set stand on. All of it is required but
// for Bodies and LeastBody.
type Options struct {
	Book     Book
	Ledger   Ledger
	Clock    Clock
	Log      *slog.Logger
	Recorded func(history.Recorded) // is told of each line of an attempt

	// Bodies bounds the bytes of the events in flight, of all queues together
	// (budget.Budget); DefaultBodies if 0. A quarter of it at most is kept in memory
	// of what waits, so that it need not be read.
	Bodies int64
	// LeastBody is what each event in flight counts for at least, where what its
	// request takes besides counts, too: budget.Small at most.
	LeastBody int64
}

// Set is the queues of all webhooks over one storage. It is for concurrent
// use.
type Set struct {
	book     Book
	ledger   Ledger
	clock    Clock
	began    time.Time // what the clock counts from
	log      *slog.Logger
	recorded func(history.Recorded)

	sweeper *sweeper
	budget  *budget.Budget
	held    atomic.Int64  // bytes of bodies in windows
	reads   chan struct{} // taken by each that reads events for a queue

	mu     sync.Mutex
	queues map[string]*Queue
	last   history.Seq // the last seq that was published, of any queue
}

func NewSet(o Options) *Set {
	if o.Bodies == 0 {
		o.Bodies = DefaultBodies
	}
	s := &Set{
		book: o.Book, ledger: o.Ledger, clock: o.Clock, began: o.Clock.Began(), log: o.Log, recorded: o.Recorded,
		sweeper: newSweeper(), budget: budget.New(o.Bodies, o.LeastBody), reads: make(chan struct{}, maxReads), queues: map[string]*Queue{},
	}
	return s
}

// Queue is the deliveries of a webhook.
func (s *Set) Queue(name string) *Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[name]
	if !ok {
		q = newQueue(s, name)
		q.last = s.last
		s.queues[name] = q
	}
	return q
}

// Queues are all that there are, in the order of their names.
func (s *Set) Queues() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.queues))
	slices.SortFunc(list, func(a, b *Queue) int { return strings.Compare(a.name, b.name) })
	return list
}

// Remove lets go of the queue of a webhook while the process runs, such as when
// another process is to own it. It returns its checkpoint, from which the next
// owner goes on (Replay.Checkpoint); in it, deliveries in flight are due at once.
//
// From then on Claim and Due find nothing, and wake is not called. Leases that
// are out must still be ended: their lines are recorded, since the attempts were
// made, but what they leave waiting is the next owner's to find by replaying
// those lines. So whoever wants no attempt to be made twice ends the leases
// before. Publish must not run at the same time.
func (s *Set) Remove(webhook string, now time.Time) Checkpoint {
	s.mu.Lock()
	q, ok := s.queues[webhook]
	delete(s.queues, webhook)
	published := s.last
	s.mu.Unlock()
	if !ok {
		return Checkpoint{}
	}
	c, _ := q.Checkpoint(now, published, 0)
	q.close()
	return c
}

// WakeAll tells every queue that more may be claimed.
func (s *Set) WakeAll() {
	for _, q := range s.Queues() {
		q.wakeUp()
	}
}

// Published is a durable record on its way into the queues.
type Published struct {
	Item
	To      []string
	Renamed *Renamed // nil if it is no rename
}

// Publish adds a batch of durable records to their queues, of which the last has
// that seq. The function that it returns wakes those that got some.
func (s *Set) Publish(batch []Published, last history.Seq) (wake func()) {
	s.endRenamed(batch)
	got := map[*Queue]struct{}{}
	for i := range batch {
		p := &batch[i]
		for _, name := range p.To {
			q := s.Queue(name)
			if p.Renamed != nil {
				q.publishMoved(p.Item, p.Renamed)
			} else {
				q.publish(p.Item)
			}
			got[q] = struct{}{}
		}
	}
	s.mu.Lock()
	s.last = max(s.last, last)
	s.mu.Unlock()
	return func() {
		for q := range got {
			q.wakeUp()
		}
	}
}

// Bodies bounds the bytes of the events in flight. InFlightBytes is how many there
// are, and HeldBytes how many are in memory of what waits.
func (s *Set) Bodies() int64        { return s.budget.Limit() }
func (s *Set) InFlightBytes() int64 { return s.budget.InFlight() }
func (s *Set) HeldBytes() int64     { return s.held.Load() }

// keep counts a body as held by one more prefetch, and is false if there is no
// room for it. It counts once, however many queues hold it.
func (s *Set) keep(b *Body) bool {
	if b == nil || b.holders.Add(1) > 1 {
		return true
	}
	if s.held.Add(int64(len(b.JSON))) <= s.budget.Limit()/4 {
		return true
	}
	s.drop(b)
	return false
}

// drop is the opposite of keep.
func (s *Set) drop(b *Body) {
	if b != nil && b.holders.Add(-1) == 0 {
		s.held.Add(-int64(len(b.JSON)))
	}
}

// now is the time on the monotonic clock that waits run on.
func (s *Set) now() clock.Mono { return s.clock.Now() }

// at is a moment as a time, and mono a time as a moment.
func (s *Set) at(m clock.Mono) time.Time   { return s.began.Add(time.Duration(m)) }
func (s *Set) mono(t time.Time) clock.Mono { return clock.Mono(t.Sub(s.began)) }
