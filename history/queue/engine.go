package queue

import (
	"time"

	"sidehook/history"
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
	// them, and the mark from which to continue. It skips damaged records; if
	// none that is good is left, the mark's Seq is last+1. It ends before the first
	// record that stop reports true for, whichever webhook that is for; stop may be
	// nil. A delivery has its Body if keep reports true for it; keep must be asked
	// once for each, before the Body is copied.
	Follow(webhook string, from Mark, last history.Seq, keep func(*Body) bool, stop StopFunc) (found []Item, next Mark, err error)
	// Load fills in an Item, of which the Number is given, and Location if it is known.
	Load(*Item) error
	// Bounds returns the range of seqs, from first to before next, that are kept or
	// removed together with this one. It must be quick: the queue is locked.
	Bounds(seq history.Seq) (first, next history.Seq)
}

// StopFunc reports whether reading stops before a record.
type StopFunc func(seq history.Seq, accepted int64) bool

// Ledger records the outcomes of deliveries. Its methods may run at once.
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
	// may become durable later: the Ledger continues to try, and the caller decides
	// whether to ask again.
	Flush() error
}

// Clock has the time for waits and for the age of events. It runs on, also while
// the wall clock is set. Its methods may run at once and must be quick: a claim
// asks it with the queue locked. The interface costs nothing that can be measured
// (BenchmarkClaim).
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
