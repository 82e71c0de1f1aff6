// Package journal is the history as files, and the only writer of them. It makes
// events durable, queues them for their webhooks, writes what becomes of them,
// recovers after a crash, and removes what need not be kept.
//
// Package relay appends what the listener accepts, and delivers what the queues
// hand out. One process at a time has a folder open: Open locks it.
//
// Package history has the table of what a crash leaves, and what Open makes of it.
//
// A copy of the folder that is made file by file while the journal runs has
// files of different moments, and opens, too. Everything accepted before the copy began is
// delivered from it:
//
//	in the copy                                   then
//	the checkpoint is older than removed.json     all is read (see checkpointOlderThanRemoval)
//	the checkpoint is newer than the segments     all is read (see segment.Recovered)
//	the deliveries are newer than the events      those of later events are dropped (see dropLostEvents)
//	deliveries are removed before their events    they are restored (see retention)
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
	"sidehook/history/internal/dedupe"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
)

// Options of a journal. The zero value works.
type Options struct {
	SegmentSize int64 // in bytes, at which a segment is finished; segment.MaxSize if 0
	// Keep is how far the wall clock may move while no process runs and still be
	// believed; 30 days if 0. Wall is that clock; time.Now if nil.
	Keep time.Duration
	Wall func() time.Time
	Log  *slog.Logger

	// Bodies limits the bytes of all events in flight (queue.Options);
	// DefaultBodies if 0. At most a quarter of it keeps events in memory that wait.
	Bodies int64
	// LeastBody is how many bytes an event in flight counts for at least, because a
	// request needs memory beside its body; at most 16 KiB.
	LeastBody int64

	// Committed is called after each group commit with the number of records and the
	// duration of the sync. Recorded is called for each attempt that is recorded, and
	// for each delivery that ends without one. Both must be fast; Recorded is called
	// concurrently. Nil: not called.
	Committed func(records int, took time.Duration)
	Recorded  func(history.Recorded)

	// Low is called when the files come to fill 70, and 90, percent of the limit that
	// Retain sets. It must not block. Nil: not called.
	Low func(percent int, bytes, limit int64)
}

// Journal is an open history. It is for concurrent use. Its invariants:
//
//	H1  Append returns after a sync that covers the events, and nothing is
//	    published to a queue before that.
//	H2  A published event is in the queue of each webhook in its `to` until an
//	    end is recorded there (see queue.Queue).
//	H3  The end of a delivery is given to the writer as soon as it is known, and
//	    stays in memory until it is written, also while the disk is full. After
//	    a crash at most the attempts of the last second are made again.
//	H4  The checkpoint never says more than synced lines do. A start with it ends
//	    in the same queues as a start without.
//	H5  A failed sync, or a failed write for any reason but want of room, ends Run.
//	H6  The event of a test is in no queue. Its attempt is made by the process
//	    that accepted it or never, and does not change the state of the webhook.
//	H7  If a condition failed when an event was accepted, the reason is in its
//	    record (Failure), and comes with each claim of that delivery until it
//	    ends, also after a rename or a restart. A resend ignores conditions and
//	    comes without.
//	H8  A bulk resend is written in batches, each as a whole or not at all. After
//	    an error or a crash the same call resends the rest: it skips deliveries
//	    whose resend is pending or has arrived (see query.Bulk).
//
// Removal keeps R1 to R5 (see retention.Keeper), renames K1 and K2 (see Rename).
type Journal struct {
	fs        *vfs.Locked
	log       *slog.Logger
	clock     *clock.Clock
	identify  *dedupe.Identifier
	commits   *committer
	outcomes  *outcomes
	queues    *queue.Set
	retention *retention.Keeper
	indexer   *upkeep.Indexer
	events    *segment.Archive
	delivered *segment.Archive // the deliveries
	stopped   bool             // the former process stopped cleanly

	damage sync.Map     // the damaged lines that were logged, by file and offset
	lines  atomic.Int64 // how many

	mu                   sync.Mutex
	published            segment.Position // all queues have the events up to here
	highestReferencedSeq history.Seq      // that was given away before the start
	generation           history.Generation
	hash                 string

	bulk      sync.Mutex // held by ResendBulk
	bulkBatch int
	renaming  sync.Mutex // held by Rename

	// For the goroutine that replaces files.
	accepted   chan acceptance
	checkpoint checkpointer
}

// Refuse ends the acceptance of events: Append returns ErrStopping from now on.
func (j *Journal) Refuse() { j.commits.close(history.ErrStopping) }

// Stopped reports whether the former process stopped cleanly, so that each of its
// attempts has its line.
//
// BUG: the process after the next one is not told which deliveries have no line.
func (j *Journal) Stopped() bool { return j.stopped }

// Close closes the files and unlocks the folder. It must be called after Run.
func (j *Journal) Close() error {
	err := j.commits.writer.Close()
	return errors.Join(err, j.outcomes.writer.Close(), j.events.Close(), j.delivered.Close(), j.fs.Unlock())
}

// Append makes events durable and queues them for their webhooks, all of them or
// none. They are synced on return (H1). An event that was accepted before is a
// duplicate in its receipt and changes nothing. Errors: *ConflictError, ErrBusy,
// ErrNoRoom, ErrStopping, ErrFailed; and that of ctx, after which the events may
// be accepted or not.
func (j *Journal) Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error) {
	r, heads := newRequest(len(entries))
	for i := range entries {
		e := &entries[i]
		begin := len(heads)
		heads = history.AppendEventHead(heads, e)
		r.records[i] = record{
			identity: j.identify.Of(&e.Event),
			head:     heads[begin:len(heads):len(heads)],
			tail:     e.Event.JSON,
			body:     pending.BodyOfEntry(e),
			to:       e.To,
		}
	}
	if err := j.commits.commit(ctx, r); err != nil {
		return nil, err
	}
	return r.receipts, nil
}

// publish puts durable records into the queues. wake wakes those queues.
func (j *Journal) publish(batch []queue.Published) (wake func()) {
	at := j.commits.writer.Position()
	wake = j.queues.Publish(batch, history.Seq(at.Number))
	j.mu.Lock()
	j.published = at
	j.mu.Unlock()
	return wake
}

// Queue returns the deliveries of a webhook.
func (j *Journal) Queue(name string) *queue.Queue { return j.queues.Queue(name) }

// Queues returns all queues in the order of their names.
func (j *Journal) Queues() []*queue.Queue { return j.queues.Queues() }

// Generation returns the number and the hash of the configuration last in force.
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

// reportCorruption logs and counts a damaged line, once.
func (j *Journal) reportCorruption(d *segment.Damage) {
	// Compression changes the name of the file only.
	if _, known := j.damage.LoadOrStore(fmt.Sprint(segment.PlainName(d.File), d.Offset), struct{}{}); known {
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
	line, _ := archive.LineAt(first, d.Offset) // if it cannot be read, the last one that can
	j.log.Error("skipped a damaged line of the history", "file", d.File, "line", line, "offset", d.Offset, "reason", d.Reason)
}

// DamagedLines returns how many damaged lines were found since the start.
func (j *Journal) DamagedLines() int64 { return j.lines.Load() }
