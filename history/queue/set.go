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
	"sidehook/history/internal/clock"
)

// Book is where the events of deliveries are read.
type Book interface {
	// Follow reads on from a mark for deliveries to a webhook, up to the record
	// last or before the first record that stop is true of, if it is not nil. It
	// returns a chunk of them at most, in order, and where to go on. They have
	// those bodies that keep is true of; keep counts a body before it is copied.
	Follow(webhook string, from Mark, last uint64, keep func(*Body) bool, stop StopFunc) (found []Item, next Mark, err error)
	// Load reads the event of one delivery. An error that is ErrDamaged is for
	// good; any other may pass.
	Load(*Item) error
	// Bounds are the seqs that are kept or removed together with one: from first
	// to before next.
	Bounds(seq uint64) (first, next uint64)
}

// StopFunc is asked of each record whether reading stops before it.
type StopFunc func(seq uint64, accepted int64) bool

// Ledger takes what became of deliveries.
type Ledger interface {
	// Record takes a line. It does not block, and the line is not lost while the
	// process lives.
	Record(history.Line)
	// Full reports whether no more lines should come, because they cannot be
	// written for now.
	Full() bool
	// Flush returns once all that was recorded before is durable.
	Flush() error
}

// Options say what the queues of a set stand on. All of it is required but
// for Bodies and LeastBody.
type Options struct {
	Book     Book
	Ledger   Ledger
	Clock    *clock.Clock
	Log      *slog.Logger
	Recorded func(history.Recorded) // is told of each line of an attempt

	// Bodies bounds the bytes of the events that are under way, of all queues
	// together (underWay); DefaultBodies if 0. A quarter of it at most is kept in
	// memory of what waits, so that it need not be read.
	Bodies int64
	// LeastBody is what each event that is under way counts for at least, where
	// what its request takes beside it counts, too: 16 KiB at most.
	LeastBody int64
}

// Set is the queues of all webhooks over one storage. It is for concurrent
// use.
type Set struct {
	book     Book
	ledger   Ledger
	clock    *clock.Clock
	log      *slog.Logger
	recorded func(history.Recorded)

	sweeper  *sweeper
	underWay underWay
	held     atomic.Int64  // bytes of bodies in windows
	reads    chan struct{} // taken by each that reads events for a queue

	mu     sync.Mutex
	queues map[string]*Queue
	last   uint64 // the last seq that was published, of any queue
}

func NewSet(o Options) *Set {
	s := &Set{
		book: o.Book, ledger: o.Ledger, clock: o.Clock, log: o.Log, recorded: o.Recorded,
		sweeper: newSweeper(), reads: make(chan struct{}, mostReads), queues: map[string]*Queue{},
	}
	if o.Bodies == 0 {
		o.Bodies = DefaultBodies
	}
	s.underWay.limit.Store(o.Bodies)
	s.underWay.least = min(o.LeastBody, smallBody)
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

// WakeAll tells every queue that more may be claimed.
func (s *Set) WakeAll() {
	for _, q := range s.Queues() {
		q.awaken()
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
func (s *Set) Publish(batch []Published, last uint64) (wake func()) {
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
			q.awaken()
		}
	}
}

// UnderWay is how many bytes of events are, and Held how many of what waits are
// in memory.
func (s *Set) UnderWay() int64 { return s.underWay.bytes() }
func (s *Set) Held() int64     { return s.held.Load() }

// now is the time on the monotonic clock that waits run on.
func (s *Set) now() time.Duration { return s.clock.Now() }
