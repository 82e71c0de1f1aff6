package journal

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history/internal/clock"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
	"sidehook/trouble"
)

// Retention says how much history is kept.
type Retention struct {
	Keep    time.Duration // what is finished and older goes; 0: nothing does
	MaxSize int64         // in bytes, of the folder; 0: there is no limit
}

// retention removes finished segments. Its numbered invariants:
//
//	R1  A segment of the events goes only when no queue holds a delivery in it,
//	    and no resend that has not ended points into it (see holds).
//	R2  A segment of the deliveries goes only when none of the events that it
//	    speaks of stands in a segment that does not go.
//	R3  Before anything is unlinked it is durable, in this order, that its
//	    deliveries have ended (their lines, then the cursors; those before are
//	    taken away, as they may say otherwise) and that it is removed
//	    (removed.json). What a crash keeps from being unlinked then goes at
//	    the next start.
//	R4  The newest segment of a stream never goes, nor does any file that is
//	    not the history's.
//	R5  What only a removed line would tell a start without cursors is written
//	    anew first: the states that webhooks are in. A row of failures and
//	    the generation count from the lines that are left.
//
// The numbers are set by Retain, at any time. What removes belongs to the
// goroutine that saves the cursors.
type retention struct {
	keep, limit atomic.Int64
	keeping     *retentionState

	size     atomic.Int64 // of the folder, as it was last measured
	grown    atomic.Int64 // what was written since
	measured atomic.Bool
	full     atomic.Bool // events are refused

	kick  chan struct{} // something may have to go
	asked chan want     // the same, and somebody waits for the look
	ended chan struct{} // closed: nobody looks any more

	// files is held while segments are unlinked or put in the place of others.
	files sync.Mutex

	mu      sync.Mutex
	removed map[segment.Stream]seqset.Set // with what is about to be; their maps are replaced
	pins    map[uint64]int                // seqs that a resend is about to point to
	sizes   map[uint64]int64              // of the segments of the events, as last measured
}

// want is the wish for so much room in bytes.
type want struct {
	bytes  int64
	looked chan struct{} // closed when what may go for it has gone
}

// retentionState is what the looks remember from one to the next.
type retentionState struct {
	ages      clock.Ages
	last      time.Time // of the process before, what it wrote last
	started   bool
	sizes     sizes
	measured  time.Time                               // when sizes was; zero: it is to be anew
	times     map[segment.Stream]map[uint64]time.Time // of a finished segment's last record
	witnesses map[uint64]*reference                   // of the segments of the deliveries
	trouble   trouble.Trouble
	unsized   trouble.Trouble // with files whose size cannot be told
	left      bool            // something that is durably removed may still stand
	told      int             // the share of the limit that was last told of, in percent
}

const (
	// retentionEvery is how often it is looked at the least.
	retentionEvery = 10 * time.Second
	// measureEvery is how often the files are measured though nothing was written:
	// indexes and compressed forms come beside it.
	measureEvery = time.Minute
	// outcomesShare of the limit are kept free by removing ahead of it, and
	// half of that for the outcomes of deliveries, at most outcomesBytes.
	outcomesShare = 16
	outcomesBytes = 128 << 20
	// segmentShare of the limit is the most that a segment has.
	segmentShare = 8
)

func newRetention() *retention {
	return &retention{
		kick: make(chan struct{}, 1), asked: make(chan want), ended: make(chan struct{}),
		removed: map[segment.Stream]seqset.Set{}, pins: map[uint64]int{},
		keeping: &retentionState{
			ages: clock.Ages{Began: time.Now()}, witnesses: map[uint64]*reference{},
			times: map[segment.Stream]map[uint64]time.Time{segment.Events: {}, segment.Deliveries: {}},
		},
	}
}

// Retain sets how much history is kept, from now on.
func (j *Journal) Retain(r Retention) {
	j.retention.keep.Store(int64(r.Keep))
	j.retention.limit.Store(r.MaxSize)
	j.retention.look()
}

// look asks for a look, and does not wait for it.
func (r *retention) look() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// segmentSize is the size at which a segment is finished, of a size that it
// would be without a limit.
func (r *retention) segmentSize(of int64) int64 {
	if of == 0 {
		of = segment.MaxSize
	}
	if limit := r.limit.Load(); limit > 0 {
		of = min(of, limit/segmentShare)
	}
	return of
}

// retain is one look: it removes what may go and has to, for so many bytes more
// to have room. Its error is a sync that failed, which is final.
func (j *Journal) retain(ctx context.Context, bytes int64) error {
	r := j.retention
	k := r.keeping
	if keep := time.Duration(r.keep.Load()); keep > 0 && !k.started {
		k.started = true
		if step := k.ages.Start(k.last, keep); step != 0 {
			j.log.Warn("the clock says that sidehook has not run for longer than history.keep, or that it ran in the future: nothing is removed for that",
				"last", k.last, "step", step.Round(time.Second))
		}
	}
	err := j.removeSome(ctx, bytes)
	if (isNoRoom(err) || vfs.NoRoom(err)) && !errors.Is(err, vfs.ErrUnsynced) && dropIndexes(j.fs) {
		// What it writes to remove something needs room, too.
		err = j.removeSome(ctx, bytes)
	}
	switch {
	case err == nil:
		k.trouble.Over(j.log, "the history can be tidied again")
	case errors.Is(err, vfs.ErrUnsynced):
		return err
	case errors.Is(err, errWriter), ctx.Err() != nil:
		// Run ends, and says why.
	default:
		k.trouble.Met(j.log, "cannot remove history that is not to be kept", err)
	}
	return nil
}

func (j *Journal) removeSome(ctx context.Context, bytes int64) error {
	r := j.retention
	if r.keeping.left {
		if err := j.finishRemoval(); err != nil {
			return err
		}
		r.keeping.left = false
	}
	grown := r.grown.Load()
	now, err := r.keeping.measure(j.fs, grown+bytes > 0)
	if err != nil {
		return err
	}
	if now.unknown != nil {
		r.keeping.unsized.Met(j.log, "cannot tell the size of some of the history's files, which are not counted", now.unknown)
	} else {
		r.keeping.unsized.Over(j.log, "the size of all of the history's files is known again")
	}
	going, unread, err := j.choose(ctx, now, bytes)
	if err == nil && going.any() {
		err = j.remove(going)
		r.keeping.measured = time.Time{}
		if err == nil {
			now.total -= going.bytes
		}
	}
	r.mu.Lock()
	r.sizes = now.of[segment.Events]
	r.mu.Unlock()
	r.size.Store(now.total)
	r.grown.Add(-grown)
	r.measured.Store(true)
	if limit := r.limit.Load(); limit == 0 || now.total <= softLimit(limit) {
		r.full.Store(false)
	}
	j.filling(now.total)
	return cmp.Or(err, unread)
}

// measure is the size of the files, anew if it has to be.
func (k *retentionState) measure(fsys vfs.FS, written bool) (sizes, error) {
	if !written && !k.measured.IsZero() && time.Since(k.measured) < measureEvery {
		return k.sizes, nil
	}
	var err error
	k.measured = time.Time{}
	if k.sizes, err = measure(fsys); err == nil {
		k.measured = time.Now()
	}
	return k.sizes, err
}

// pin keeps an event from being removed while a resend of it is written. It is
// false if it has been.
func (r *retention) pin(seq uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.removed[segment.Events].Has(seq) {
		return false
	}
	r.pins[seq]++
	return true
}

func (r *retention) unpin(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pins[seq]--; r.pins[seq] == 0 {
		delete(r.pins, seq)
	}
}
