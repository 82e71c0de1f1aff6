// Package retention decides which finished segments of a history are removed, and
// removes them: those older than the time to keep, and the oldest ones while the
// folder is larger than its limit. Nothing that is pending is removed; so a
// folder may be full, and then events are refused.
//
// The journal calls it and tells it, through Pending and Ledger, what is pending
// and how to make durable what has ended. Package upkeep asks it for room.
package retention

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
	"sidehook/history/trouble"
)

// Limits say how much history is kept.
type Limits struct {
	Keep    time.Duration // what has ended and is older is removed; 0: nothing is
	MaxSize int64         // of the folder in bytes; 0: no limit
}

// Pending knows which events are still needed. It is called concurrently.
type Pending interface {
	// References returns the spans of seqs that pending deliveries need.
	References() []seqset.Span[history.Seq]
	// RefersTo reports whether a pending delivery may need an event of the span.
	RefersTo(seqset.Span[history.Seq]) bool
	// Largest returns the webhook whose pending deliveries keep most bytes of the
	// events from being removed, "" if none does.
	Largest() (webhook string, bytes int64)
}

// Ledger makes durable what has ended. It is called by Look alone.
type Ledger interface {
	// Restate records the states of webhooks anew (R5).
	Restate()
	// SyncEnds returns once it is durable that what is not pending has ended, for a
	// start with a checkpoint and for one without. No older checkpoint is left.
	SyncEnds() error
}

// Keeper decides which segments stay, and removes the others:
//
//	R1  A segment of the events is removed only while no queue refers to a
//	    delivery in it, and no resend that has not ended points into it.
//	R2  A segment of the deliveries is removed only after all events that it
//	    refers to.
//	R3  Before a file is removed it is durable, in this order, that its
//	    deliveries have ended (their lines, then the checkpoint; the previous
//	    one is removed because it may say otherwise) and that the segment is
//	    removed (removed.json). If a crash prevents the rest, the next start
//	    removes the file.
//	R4  The newest segment of a stream is never removed, nor is any file that
//	    does not belong to the history.
//	R5  What a start without a checkpoint would know only from a removed line is
//	    recorded anew first: the states of webhooks. A failure streak and the
//	    generation come from the lines that are left.
//
// Look belongs to one goroutine, the one that writes the checkpoint. All else is
// for concurrent use.
type Keeper struct {
	Options
	keep, limit atomic.Int64
	look        lookState

	size     atomic.Int64 // of the folder when it was last measured
	added    atomic.Int64 // bytes written since
	measured atomic.Bool
	full     atomic.Bool // events are refused

	kick     chan struct{}
	requests chan Request
	ended    chan struct{}

	// Files is held while segments are removed or replaced by another form.
	Files sync.Mutex

	mu           sync.Mutex
	removed      map[segment.Stream]seqset.Set[uint64] // removed or about to be; a Set is replaced, never changed
	pins         map[history.Seq]int                   // seqs that a resend is about to point to
	segmentSizes map[uint64]int64                      // sizes of the segments of the events, when last measured
}

// Options are all required.
type Options struct {
	FS      vfs.FS
	Log     *slog.Logger
	Pending Pending
	Ledger  Ledger
	// Low is called when the files come to fill 70, and 90, percent of the limit.
	Low func(percent int, bytes, limit int64)
	// Damaged is called for each damaged line that is read.
	Damaged func(*segment.Damage)
}

// lookState is the state that a Look passes on to the next.
type lookState struct {
	events, deliveries *segment.Archive

	ages       ages
	lastRun    time.Time // when the process before this one wrote last
	started    bool
	sizes      sizes
	measured   time.Time                               // when the sizes were measured; zero: measure them anew
	times      map[segment.Stream]map[uint64]time.Time // of the last line of finished segments
	references map[uint64]*reference                   // of the segments of the deliveries
	trouble    trouble.Trouble
	unsized    trouble.Trouble // files whose size cannot be read
	unfinished bool            // files of removed segments may be left
	warned     int             // percent of the limit that was last warned of
}

// streams are in the order in which their segments are removed (R2).
var streams = [...]segment.Stream{segment.Events, segment.Deliveries}

const (
	// LookEvery is how often Look is called if nothing else asks for it.
	LookEvery = 10 * time.Second
	// measureEvery is how often the files are measured though nothing was added.
	measureEvery = time.Minute
	// segmentShare is how many segments of full size fill the limit.
	segmentShare = 8
)

// New returns a Keeper. Recover comes next, then Attach, then Look.
func New(opts Options) *Keeper {
	return &Keeper{
		Options: opts,
		kick:    make(chan struct{}, 1), requests: make(chan Request), ended: make(chan struct{}),
		removed: map[segment.Stream]seqset.Set[uint64]{}, pins: map[history.Seq]int{},
		look: lookState{
			ages: ages{began: time.Now()}, references: map[uint64]*reference{},
			times: map[segment.Stream]map[uint64]time.Time{segment.Events: {}, segment.Deliveries: {}},
		},
	}
}

// Attach hands over the streams after their recovery.
func (k *Keeper) Attach(events, deliveries *segment.Archive) {
	k.look.events, k.look.deliveries = events, deliveries
}

// RanAt tells, before the first Look, that a former process ran at that time.
func (k *Keeper) RanAt(at time.Time) {
	if at.After(k.look.lastRun) {
		k.look.lastRun = at
	}
}

// SetLimits sets how much history is kept, from now on.
func (k *Keeper) SetLimits(l Limits) {
	k.keep.Store(int64(l.Keep))
	k.limit.Store(l.MaxSize)
	k.LookSoon()
}

// Limits returns how much history is kept.
func (k *Keeper) Limits() Limits {
	return Limits{Keep: time.Duration(k.keep.Load()), MaxSize: k.limit.Load()}
}

// LookSoon asks for a Look without waiting for it.
func (k *Keeper) LookSoon() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// Soon receives when a Look was asked for by LookSoon.
func (k *Keeper) Soon() <-chan struct{} { return k.kick }

// Requests are those for a Look that somebody waits for.
func (k *Keeper) Requests() <-chan Request { return k.requests }

// End must be called after the last Look. It releases those that wait for one.
func (k *Keeper) End() { close(k.ended) }

// Ended is closed by End.
func (k *Keeper) Ended() <-chan struct{} { return k.ended }

// SegmentSize returns the size at which a segment is finished, which is less than
// configured if the limit is small. 0 stands for segment.MaxSize.
func (k *Keeper) SegmentSize(configured int64) int64 {
	if configured == 0 {
		configured = segment.MaxSize
	}
	if limit := k.limit.Load(); limit > 0 {
		configured = min(configured, limit/segmentShare)
	}
	return configured
}

// Look removes what must go and may go, so that there is room for so many bytes
// more. Its error is a sync that failed, which is final; any other error is
// logged.
func (k *Keeper) Look(ctx context.Context, bytes int64) error {
	s := &k.look
	if keep := time.Duration(k.keep.Load()); keep > 0 && !s.started {
		s.started = true
		if step := s.ages.start(s.lastRun, keep); step != 0 {
			k.Log.Warn("by the clock sidehook has not run for longer than history.keep, or ran in the future; no history is removed because of that",
				"last", s.lastRun, "step", step.Round(time.Second))
		}
	}
	err := k.removeSome(ctx, bytes)
	if (errors.Is(err, history.ErrNoRoom) || vfs.NoRoom(err)) && !errors.Is(err, vfs.ErrUnsynced) && upkeep.DropIndexes(k.FS) {
		// Files must be written before others are removed.
		err = k.removeSome(ctx, bytes)
	}
	switch {
	case err == nil:
		s.trouble.Over(k.Log, "old history can be removed again")
	case errors.Is(err, vfs.ErrUnsynced):
		return err
	case history.Ended(err), ctx.Err() != nil:
		// The journal ends, and says why.
	default:
		s.trouble.Met(k.Log, "cannot remove old history", err)
	}
	return nil
}

// removeSome is one try of Look.
func (k *Keeper) removeSome(ctx context.Context, bytes int64) error {
	s := &k.look
	if s.unfinished {
		if err := k.finishRemoval(); err != nil {
			return err
		}
		s.unfinished = false
	}
	added := k.added.Load()
	now, err := s.measure(k.FS, added+bytes > 0)
	if err != nil {
		return err
	}
	if now.unknown != nil {
		s.unsized.Met(k.Log, "cannot read the size of some files of the history; they are not counted", now.unknown)
	} else {
		s.unsized.Over(k.Log, "the size of all files of the history is known again")
	}
	p, unread, err := k.plan(ctx, now, bytes)
	if err == nil && len(p.segments) > 0 {
		err = k.remove(p)
		s.measured = time.Time{}
		if err == nil {
			now.total -= p.bytes
		}
	}
	k.mu.Lock()
	k.segmentSizes = now.of[segment.Events]
	k.mu.Unlock()
	k.size.Store(now.total)
	k.added.Add(-added)
	k.measured.Store(true)
	if limit := k.limit.Load(); limit == 0 || now.total <= softLimit(limit) {
		k.full.Store(false)
	}
	k.warnUsage(now.total)
	return cmp.Or(err, unread)
}

// measure returns the sizes of the files, measured anew if need be.
func (s *lookState) measure(fsys vfs.ReadFS, added bool) (sizes, error) {
	if !added && !s.measured.IsZero() && time.Since(s.measured) < measureEvery {
		return s.sizes, nil
	}
	var err error
	s.measured = time.Time{}
	if s.sizes, err = measure(fsys); err == nil {
		s.measured = time.Now()
	}
	return s.sizes, err
}
