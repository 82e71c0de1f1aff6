package queue

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/sweeper"
)

const (
	// DefaultBodies is how many bytes of events are in flight at most.
	DefaultBodies = 64 << 20
	// maxReads is how many claims read the storage at a time: each takes the memory
	// of the records that it looks at.
	maxReads = 4
)

// Options are what the queues of a set need. All are required but Bodies and
// LeastBody.
type Options struct {
	Book     Book
	Ledger   Ledger
	Clock    Clock
	Log      *slog.Logger
	Recorded func(history.Recorded) // is called for each attempt that is recorded

	// Bodies bounds the bytes of the events in flight, of all queues together
	// (budget.Budget); DefaultBodies if 0. At most a quarter of it keeps events in
	// memory that wait, so that they need not be read.
	Bodies int64
	// LeastBody is how many bytes an event in flight counts for at least, because a
	// request needs memory beside its body; at most budget.Small.
	LeastBody int64
}

// Set is the queues of the webhooks that this process owns, over one storage. It is for
// concurrent use.
type Set struct {
	book     Book
	ledger   Ledger
	clock    Clock
	began    time.Time // the moment that the clock counts from
	log      *slog.Logger
	recorded func(history.Recorded)

	sweeper *sweeper.Sweeper[*Queue]
	budget  *budget.Budget
	bodies  pending.Bodies // of the prefetched deliveries
	reads   chan struct{}  // has one for each claim that reads

	mu     sync.Mutex
	queues map[string]*Queue
	sorted []*Queue    // by name; nil after a queue was added or removed
	last   history.Seq // the last seq that was published, of any queue
}

func NewSet(o Options) *Set {
	if o.Bodies == 0 {
		o.Bodies = DefaultBodies
	}
	s := &Set{
		book: o.Book, ledger: o.Ledger, clock: o.Clock, began: o.Clock.Began(), log: o.Log, recorded: o.Recorded,
		budget: budget.New(o.Bodies, o.LeastBody), bodies: pending.Bodies{Limit: o.Bodies / 4}, reads: make(chan struct{}, maxReads), queues: map[string]*Queue{},
	}
	s.sweeper = sweeper.New((*Queue).sweep, o.Ledger.Full)
	return s
}

// Queue returns the queue of a webhook, a new one if need be.
func (s *Set) Queue(name string) *Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.queues[name]
	if !ok {
		q = newQueue(s, name)
		q.last = s.last
		s.queues[name], s.sorted = q, nil
	}
	return q
}

// Queues returns all queues, in the order of their names. Callers share the list, and must
// not change it.
func (s *Set) Queues() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = slices.SortedFunc(maps.Values(s.queues), func(a, b *Queue) int { return strings.Compare(a.name, b.name) })
	}
	return s.sorted
}

// Remove lets go of the queue of a webhook while the process runs, such as when
// another process is to own it. It returns its checkpoint, from which the next
// owner goes on (Replay.Checkpoint); in it, deliveries in flight are due at once.
//
// From then on Claim and Due find nothing, and wake is not called. Leases that are out must
// still be ended: their lines are recorded, because the attempts were made. The next owner
// replays these lines and so finds the deliveries that they leave waiting. To have no
// attempt made twice, end the leases before. Publish must not run at the same time.
func (s *Set) Remove(webhook string, now time.Time) Checkpoint {
	s.mu.Lock()
	q, ok := s.queues[webhook]
	delete(s.queues, webhook)
	s.sorted = nil
	published := s.last
	s.mu.Unlock()
	if !ok {
		return Checkpoint{}
	}
	c, _ := q.Checkpoint(now, published, 0)
	q.close()
	return c
}

// WakeAll wakes every queue: more may be claimed.
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

// Publish adds a batch of durable records to their queues; last is the seq of the last
// record there is. The function that it returns wakes those that got some. An engine
// that does not own all webhooks must leave the others out of To. One Publish must end
// before the next one begins.
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

// Bodies returns the limit of the bytes of the events in flight, InFlightBytes their number
// now, and HeldBytes the bytes of waiting events that are in memory.
func (s *Set) Bodies() int64        { return s.budget.Limit() }
func (s *Set) InFlightBytes() int64 { return s.budget.InFlight() }
func (s *Set) HeldBytes() int64     { return s.bodies.Bytes() }

// now returns the moment that it is, on the clock that waits run on.
func (s *Set) now() clock.Mono { return s.clock.Now() }

// instant returns it on both clocks, of which the wall clock is given.
func (s *Set) instant(wall time.Time) clock.Instant {
	return clock.Instant{Mono: s.now(), Wall: wall}
}

// at converts a moment to a time, and mono a time to a moment.
func (s *Set) at(m clock.Mono) time.Time   { return s.began.Add(time.Duration(m)) }
func (s *Set) mono(t time.Time) clock.Mono { return clock.Mono(t.Sub(s.began)) }
