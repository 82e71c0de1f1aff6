// Package ledger writes what became of deliveries to PostgreSQL: it is the queue.Ledger
// of a member, and writes the checkpoints of the queues.
//
//	O1  Lines become durable in the order in which they were recorded, and a checkpoint
//	    after all lines that were recorded before it was taken. So a checkpoint never
//	    covers more than durable lines do (P9).
//	O2  A line is written once: a batch whose answer was lost is written again under its
//	    number, and the database knows the numbers that it has.
//	O3  A line is written under the ownership (epoch) that it was recorded under. The
//	    database marks it as late if the webhook has another owner by then (P8).
//	O4  While the database is away lines wait in memory, and once these are so many that
//	    Full reports it, nothing new is begun.
//
// Package member makes one and runs it.
package ledger

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/trouble"
)

// Options of a ledger. DB, Member and Incarnation are required.
type Options struct {
	DB                  *database.DB
	Member, Incarnation string
	Log                 *slog.Logger
	// Skew returns the database's time minus time.Now.
	Skew func() time.Duration
	// Late is called with each ownership that has ended, as a batch has found.
	Late func(webhook string, epoch int64)
	// Drained is called when the ledger is not full any more.
	Drained func()
	// MaxBytes is how much waits in memory before Full; 64 MiB if 0.
	MaxBytes int64
}

// Ledger is for concurrent use.
type Ledger struct {
	o    Options
	late atomic.Int64 // lines
	last atomic.Int64 // a number of the attempts, up to which all that is written has its own

	mu      sync.Mutex
	epochs  map[string]int64
	entries []entry        // not written yet, but for those in the batch
	bytes   int64          // of entries, and of the batch
	added   uint64         // entries so far
	counts  map[string]int // lines since the last checkpoint, by webhook
	behind  bool           // the last try to write has failed
	written uint64
	flushes []flush
	closed  error
	kick    chan struct{}

	// These belong to Run.
	batches int64
	known   map[history.ConfigKey]bool // whose configurations are written
	trouble trouble.Trouble
	full    trouble.Trouble
}

// entry is a line, or a checkpoint.
type entry struct {
	epoch int64
	line  history.Line
	saved *Checkpoint
}

// Checkpoint is the state of a queue. It must be taken after a call of LastN.
type Checkpoint struct {
	Webhook   string
	Epoch     int64
	At        time.Time      // when it was taken, by the database's clock
	JSON      []byte         // queue.Checkpoint
	CoversN   history.LineNo // all lines up to here are in it
	CoversSeq history.Seq    // and all records of the events up to here
	Refs      [][2]history.Seq
	Figures   []byte // that other members show (member.Options.Figures)
}

type flush struct {
	upto uint64
	done chan error
}

const defaultMaxBytes = 64 << 20

func New(o Options) *Ledger {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Skew == nil {
		o.Skew = func() time.Duration { return 0 }
	}
	if o.Late == nil {
		o.Late = func(string, int64) {}
	}
	if o.Drained == nil {
		o.Drained = func() {}
	}
	return &Ledger{o: o, epochs: map[string]int64{}, counts: map[string]int{}, kick: make(chan struct{}, 1), known: map[history.ConfigKey]bool{}}
}

// Own sets the ownership under which the lines of a webhook are recorded from now on. No
// lease of an earlier one may be left.
func (l *Ledger) Own(webhook string, epoch int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epochs[webhook] = epoch
}

// Record takes a line.
func (l *Ledger) Record(line history.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[line.Webhook]++
	l.addLocked(entry{epoch: l.epochs[line.Webhook], line: line})
}

// Save takes a checkpoint, which is written if the webhook is still the member's.
func (l *Ledger) Save(c *Checkpoint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.counts, c.Webhook)
	l.addLocked(entry{epoch: c.Epoch, saved: c})
}

// Unsaved calls visit with each webhook that has lines which no checkpoint covers, and
// how many, unless nothing can be written at present.
func (l *Ledger) Unsaved(visit func(webhook string, lines int)) {
	l.mu.Lock()
	counts := maps.Clone(l.counts)
	if l.behind {
		counts = nil
	}
	l.mu.Unlock()
	for webhook, n := range counts {
		visit(webhook, n)
	}
}

func (l *Ledger) addLocked(e entry) {
	l.entries = append(l.entries, e)
	l.bytes += e.size()
	l.added++
	if n := len(l.entries); n == 1 || n == gatherMost {
		l.wake()
	}
}

func (e *entry) size() int64 {
	if e.saved != nil {
		return int64(len(e.saved.JSON))
	}
	return int64(len(e.line.Fields))
}

// Full reports whether so much waits that no more should be begun (O4).
func (l *Ledger) Full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes >= l.o.MaxBytes
}

// Flush returns once all that was recorded before is durable, or a try to write it has
// failed.
func (l *Ledger) Flush() error { return <-l.request() }

// WaitWritten is Flush, but returns without an answer when ctx is done.
func (l *Ledger) WaitWritten(ctx context.Context) {
	select {
	case <-l.request():
	case <-ctx.Done():
	}
}

func (l *Ledger) request() <-chan error {
	done := make(chan error, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.written == l.added:
		done <- nil
	case l.closed != nil:
		done <- l.closed
	default:
		l.flushes = append(l.flushes, flush{l.added, done})
		l.wake()
	}
	return done
}

func (l *Ledger) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// LastN returns a number of the attempts that is not below that of any line that the
// member has written or replayed, and below those of all lines that it has not written.
func (l *Ledger) LastN() history.LineNo { return history.LineNo(l.last.Load()) }

// Reached notes, after a replay, that the queues have all lines up to a number.
func (l *Ledger) Reached(n history.LineNo) {
	for last := l.last.Load(); int64(n) > last && !l.last.CompareAndSwap(last, int64(n)); {
		last = l.last.Load()
	}
}

// Skew returns the database's time minus time.Now.
func (l *Ledger) Skew() time.Duration { return l.o.Skew() }

// Late returns how many lines were late so far.
func (l *Ledger) Late() int64 { return l.late.Load() }
