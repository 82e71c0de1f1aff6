// Package outbox reads events from the outboxes of applications: tables in their
// PostgreSQL, into which they write with sidehook.send, in the transaction that makes an
// event true.
//
// It promises:
//
//	O1  An event leaves the outbox in the transaction that follows its acceptance, so it
//	    is accepted at least once. Under its id a repeat is a duplicate.
//	O2  A row that is refused is moved to outbox_refused with the reason, in that same
//	    transaction, and delays no other.
//	O3  Rows are accepted in the order in which they were sent, also by several sidehooks
//	    that read one outbox: one at a time has its turn.
//	O4  While there is no room, or a database is away, rows wait. Nothing else suffers.
//	O5  A database costs one connection, without state that outlives a transaction, except
//	    for LISTEN, which a connection through a pooler does without.
//	O6  A batch is bounded in rows and in bytes, so a backlog takes no memory.
//
// The relay makes one Outboxes, applies each configuration to it, and runs it. The
// command outbox init prepares a database with SQL and Init.
package outbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history/trouble"
)

// Event is a row of an outbox.
type Event struct {
	Body []byte    // as POST /v1/events takes it with application/json
	At   time.Time // when it was sent
}

// Outcome is what became of an event.
type Outcome struct {
	Duplicate bool
	Refused   string // why; "" if it is durable
}

// Options are fixed at the start.
type Options struct {
	// Accept accepts events in their order, each on its own. They are durable on
	// return. An error means that all of them are to be offered again.
	Accept func(ctx context.Context, events []Event) ([]Outcome, error)
	// MaxEventSize is the size of an event, in bytes, above which it is refused unread;
	// zero: 1 MiB.
	MaxEventSize int
	Log          *slog.Logger // nil: none
}

// Outboxes reads the outboxes of several databases. It is safe for concurrent use.
type Outboxes struct {
	opts    Options
	counts  counts
	changed chan struct{} // a reader was added or removed; it holds one

	mu      sync.Mutex
	readers map[string]*reader // by URL
}

// counts are never reset, so that they may be counters of the metrics.
type counts struct{ accepted, duplicate, refused atomic.Uint64 }

// State is the current state of all outboxes together.
type State struct {
	Databases                    int
	Up                           bool          // all of them can be read
	Oldest                       time.Duration // how long the oldest row has waited; 0 without one
	Accepted, Duplicate, Refused uint64        // rows since the start
	Troubles                     []string      // a sentence for each outbox that cannot be read, or whose rows were refused
}

// New returns Outboxes without databases.
func New(opts Options) *Outboxes {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxEventSize == 0 {
		opts.MaxEventSize = 1 << 20
	}
	return &Outboxes{opts: opts, changed: make(chan struct{}, 1), readers: map[string]*reader{}}
}

// Apply sets the databases whose outboxes are read. Readers of others end, after what
// they are about.
func (o *Outboxes) Apply(databases []*Database) {
	o.mu.Lock()
	next := make(map[string]*reader, len(databases))
	for _, d := range databases {
		if next[d.url] = o.readers[d.url]; next[d.url] == nil {
			next[d.url] = &reader{database: d, opts: &o.opts, counts: &o.counts, full: trouble.Trouble{Level: slog.LevelWarn}}
		}
	}
	o.readers = next
	o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// Run reads until ctx is done, and returns after the rows that were being accepted then
// have left the outbox.
func (o *Outboxes) Run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	running := map[*reader]context.CancelFunc{}
	for {
		wanted := map[*reader]bool{}
		for _, r := range o.current() {
			wanted[r] = true
			if running[r] == nil {
				reading, stop := context.WithCancel(ctx)
				running[r] = stop
				working.Go(func() { r.run(reading) })
			}
		}
		for r, stop := range running {
			if !wanted[r] {
				stop()
				delete(running, r)
			}
		}
		select {
		case <-ctx.Done():
			for _, stop := range running {
				stop()
			}
			return
		case <-o.changed:
		}
	}
}

func (o *Outboxes) current() []*reader {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]*reader, 0, len(o.readers))
	for _, r := range o.readers {
		list = append(list, r)
	}
	return list
}

// State returns the current state.
func (o *Outboxes) State() State {
	s := State{Up: true, Accepted: o.counts.accepted.Load(), Duplicate: o.counts.duplicate.Load(), Refused: o.counts.refused.Load()}
	for _, r := range o.current() {
		up, oldest := r.state()
		s.Databases++
		s.Up = s.Up && up
		s.Oldest = max(s.Oldest, oldest)
		s.Troubles = append(s.Troubles, r.troubles()...)
	}
	slices.Sort(s.Troubles)
	return s
}
