// Package journal is the history as files, and the only writer of them: it
// makes events durable, queues them for their webhooks, writes what becomes of
// them, recovers after a crash, and removes what need not be kept.
//
// Package relay appends what the listener takes and hands out what waits. One
// process has a folder open at a time: Open takes its lock, and what follows
// works on a folder that is locked. Invariants, cited by number in the tests:
//
//	H1  Append returns after a sync that covers the events; nothing is
//	    published to a queue before that.
//	H2  For each webhook named in its `to`, a published event is in that
//	    webhook's queue until an end is recorded (see Queue for how).
//	H3  The end of a delivery is handed to the writer when it is known and
//	    stays in memory until it is written, also while the disk is full. A
//	    crash makes at most the attempts of the last second again.
//	H4  The cursors never say more than synced lines say, and a start with
//	    cursors ends in the same queues as a start without.
//	H5  A failed sync, or a write that failed other than for room, ends Run.
//	H6  The event of a test is in no queue. Its attempt is made by the process
//	    that accepted it, or never, and says nothing of the webhook's deliveries.
//	H7  What a condition failed on when an event was accepted stands in its
//	    record (Failure), and comes with each claim of that delivery until it
//	    ends, under whatever name and after whatever restart. A resend, which
//	    goes past conditions, comes without.
//	H8  A resend in bulk is written in batches, each of them whole or not. What
//	    stands of it is delivered, and the same call finds the rest: no
//	    delivery is made again whose resend waits or has arrived (see Bulk).
//
// What is finished and old goes: R1 to R5 at retention.
//
// Recovery, moment by moment:
//
//	killed                                  then
//	between write and sync                  the lines may stand: delivered, or cut off if torn; a repeat is a duplicate or new
//	after the sync, before the answer       delivered; a repeat is a duplicate
//	between an answer of a receiver and     sent again, under the same id
//	its line
//	between cursors' two renames            the ones before are used
//	anywhere in recovery                    it runs again (see segment.Recover)
//	while segments are removed              the next start finishes it (see remove)
//	while one is compressed                 the plain one stands (see segment.Pack)
//
// A copy of the folder that is taken file by file while all that goes on is not
// of one moment, and opens as well: what had been accepted before it began is
// delivered from it. In it
//
//	are                                     then
//	cursors older than removed.json         all is read again (see checkpointOlderThanRemoval)
//	cursors younger than the segments       all is read again (see segment.Recovered)
//	deliveries younger than the events      those of later events are dropped (see absent)
//	removed deliveries, and not the events  they are taken back (see restoreRemoved)
package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
	"sidehook/trouble"
)

// Options say how a journal works. The zero value works.
type Options struct {
	SegmentSize int64 // in bytes, at which a segment is finished; segment.MaxSize if 0
	// Keep is how far the wall clock may have gone while no process ran and
	// still be believed, 30 days if 0. Wall is that clock, time.Now if nil.
	Keep time.Duration
	Wall func() time.Time
	Log  *slog.Logger

	// Bodies bounds the bytes of the events that are under way, of all queues
	// together (underWay); DefaultBodies if 0. A quarter of it at most is kept in
	// memory of what waits, so that it need not be read.
	Bodies int64
	// LeastBody is what each event that is under way counts for at least, where
	// what its request takes beside it counts, too: 16 KiB at most.
	LeastBody int64

	// Committed is told of each group commit: how many records it made durable,
	// and how long its sync took. Recorded is told of each attempt that goes
	// into the deliveries, also of those that none was made for. Both have to be
	// cheap, and the latter is called by many at once. Nil: nobody is told.
	Committed func(records int, took time.Duration)
	Recorded  func(history.Recorded)

	// Low is told when the files come to fill 70, and 90, percent of the limit
	// that Retain sets: the percent, how many bytes they have, and the limit. It
	// must not block. Nil: nobody is told.
	Low func(percent int, bytes, limit int64)
}

// Journal is an open history. It is for concurrent use.
type Journal struct {
	fs        vfs.FS
	log       *slog.Logger
	recorded  func(history.Recorded)
	clock     *clock.Clock
	identify  *identifier
	commits   *committer
	outcomes  *outcomes
	queues    *queue.Set
	retention *retention.Keeper
	indexer   *upkeep.Indexer
	events    *segment.Archive
	delivered *segment.Archive // the deliveries

	damage sync.Map     // of segment.Damage by file and offset, to tell each once
	lines  atomic.Int64 // how many there are in it

	mu                   sync.Mutex
	published            segment.Position // every queue has everything up to here
	highestReferencedSeq history.Seq      // the highest seq that was given away before the start
	generation           history.Generation
	hash                 string

	accepted chan accepting // damage, for who saves to record

	bulk     sync.Mutex // is held by the bulk of resends that is found and written
	renaming sync.Mutex // is held by the rename that is made

	saved      files.Checkpoint // those on disk; belongs to whoever saves
	last       bool             // the next ones are, of this process
	savedSteps *clock.Steps     // of the clock, with them
	savedSize  int64            // of their file
	saving     trouble.Trouble  // with them
	release    func() error
	stopped    bool // the process before did
}

// Refuse ends the acceptance of events: Append says ErrStopping from now on.
func (j *Journal) Refuse() { j.commits.stop(history.ErrStopping) }

// Failed is why events are not accepted, nil while they are.
func (j *Journal) Failed() error {
	j.commits.mu.Lock()
	defer j.commits.mu.Unlock()
	return j.commits.refuse
}

// Stopped reports whether the process before came to its end in order, so that all
// it did has its line.
//
// BUG: what a process left without a line is not told of any more to the one
// after the next.
func (j *Journal) Stopped() bool { return j.stopped }

// Close lets go of the folder. It is called after Run.
func (j *Journal) Close() error {
	err := j.commits.writer.Close()
	err = errors.Join(err, j.outcomes.writer.Close(), j.events.Close(), j.delivered.Close())
	if j.release != nil {
		err = errors.Join(err, j.release())
	}
	return err
}

// Append makes events durable and queues them for their webhooks: all of them
// or none. On return they are synced. Those that were accepted before are told
// by their receipts and change nothing. Errors: *ConflictError, ErrBusy,
// ErrNoRoom, ErrStopping, ErrFailed; and ctx's, after which the events may be
// accepted or not.
func (j *Journal) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	r := &request{records: make([]record, len(entries))}
	for i := range entries {
		e := &entries[i]
		r.records[i] = record{
			identity: j.identify.of(&e.Event),
			head:     history.AppendEventHead(make([]byte, 0, 128), e),
			tail:     e.Event.JSON,
			body:     queue.NewBody(e.Event.JSON, e.Event.Filled, e.Failures),
			to:       e.To,
		}
	}
	if err := j.commits.do(ctx, r); err != nil {
		return nil, err
	}
	return r.receipts, nil
}

// publish hands durable records to the queues. The function that it returns
// wakes those that got some.
func (j *Journal) publish(batch []durable) (wake func()) {
	list := make([]queue.Published, len(batch))
	for i := range batch {
		d := &batch[i]
		list[i] = queue.Published{Item: d.item(), To: d.to, Renamed: d.rename}
	}
	at := j.commits.writer.Position()
	wake = j.queues.Publish(list, history.Seq(at.Number))
	j.mu.Lock()
	j.published = at
	j.mu.Unlock()
	return wake
}

// Queue is the deliveries of a webhook.
func (j *Journal) Queue(name string) *queue.Queue { return j.queues.Queue(name) }

// Queues are all that there are, in the order of their names.
func (j *Journal) Queues() []*queue.Queue { return j.queues.Queues() }

// Generation is the number and the hash of the configuration last in force.
func (j *Journal) Generation() (history.Generation, string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.generation, j.hash
}

// SetGeneration remembers which configuration is in force.
func (j *Journal) SetGeneration(n history.Generation, hash string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.generation, j.hash = n, hash
}

// reportCorruption reports a line that is not what was written, once.
func (j *Journal) reportCorruption(d *segment.Damage) {
	// It is the same line once its segment is compressed.
	if _, told := j.damage.LoadOrStore(fmt.Sprint(segment.PlainName(d.File), d.Offset), struct{}{}); told {
		return
	}
	j.lines.Add(1)
	archive := j.events
	first, ok := segment.Deliveries.Owner(d.File)
	if ok {
		archive = j.delivered
	} else {
		first, _ = segment.Events.Owner(d.File)
	}
	line, _ := archive.LineAt(first, d.Offset) // if it cannot be read, as far as it could
	j.log.Error("skipped a damaged line of the history", "file", d.File, "line", line, "offset", d.Offset, "reason", d.Reason)
}

// DamagedLines counts the damaged lines met since the start.
func (j *Journal) DamagedLines() int64 { return j.lines.Load() }
