package journal

import (
	"fmt"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
)

// Retention says how much history is kept.
type Retention = retention.Limits

// Retain sets how much history is kept, from now on.
func (j *Journal) Retain(r Retention) { j.retention.SetLimits(r) }

// Limit returns how many bytes the files of the history may have, 0 if there is no
// limit.
func (j *Journal) Limit() int64 { return j.retention.Limits().MaxSize }

// Size returns how many bytes they have.
func (j *Journal) Size() (int64, error) { return j.retention.Size() }

// Full reports whether events are refused because the limit is reached.
func (j *Journal) Full() bool { return j.retention.Full() }

// Held returns how many bytes of the history must be kept for the pending deliveries of a
// queue.
func (j *Journal) Held(q *queue.Queue) int64 {
	return q.HeldBytes(j.events.Segments(), j.retention.SegmentSizes())
}

// segmentBegun must be called after a segment was begun. The one before it is finished.
func (j *Journal) segmentBegun(archive *segment.Archive, first uint64) {
	archive.Grow(first)
	j.indexer.SegmentFinished()
	j.retention.LookSoon()
}

// references are the Pending and the Ledger of retention.
type references struct{ *Journal }

func (j references) References() (list []seqset.Span[history.Seq]) {
	for _, q := range j.Queues() {
		list = append(list, q.References()...)
	}
	return list
}

func (j references) RefersTo(s seqset.Span[history.Seq]) bool {
	for _, q := range j.Queues() {
		if q.RefersTo(s) {
			return true
		}
	}
	return false
}

func (j references) Largest() (webhook string, bytes int64) {
	for _, q := range j.Queues() {
		if held := j.Held(q); held > bytes {
			webhook, bytes = q.Name(), held
		}
	}
	return webhook, bytes
}

func (j references) Restate() {
	for _, q := range j.Queues() {
		q.Restate()
	}
}

func (j references) SyncEnds() error {
	if err := j.outcomes.flush(); err != nil {
		return err
	}
	if err := j.writeCheckpoint(); err != nil {
		return err
	}
	if err := vfs.Clear(j.fs, files.PreviousCheckpointFile); err != nil {
		return fmt.Errorf("remove the previous checkpoint: %w", err)
	}
	return nil
}
