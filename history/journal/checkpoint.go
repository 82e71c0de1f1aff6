package journal

import (
	"errors"
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/files"
	"sidehook/history/internal/streak"
	"sidehook/history/internal/vfs"
	"sidehook/history/queue"
	"sidehook/history/trouble"
)

const (
	// checkpointEvery is how often the checkpoint is written at most.
	checkpointEvery = 5 * time.Second
	// checkpointAge is how old it becomes though nothing happens: a start knows from
	// it for how long no process ran.
	checkpointAge = time.Hour
)

// checkpointer is the checkpoint as it was last written. It belongs to the
// goroutine that writes it.
type checkpointer struct {
	written files.Checkpoint // without the webhooks
	steps   *clock.Steps     // in it
	size    int64            // of its file
	stopped bool             // the next one is the last of this process
	trouble trouble.Trouble
}

// tryCheckpoint writes the checkpoint, and logs if it cannot. Its error is a sync
// that failed, which is final.
func (j *Journal) tryCheckpoint() error {
	switch err := j.writeCheckpoint(); {
	case err == nil:
		j.checkpoint.trouble.Over(j.log, "the checkpoint is written again")
	case history.Ended(err):
		// That ends Run, which says why.
	case errors.Is(err, vfs.ErrUnsynced):
		return fmt.Errorf("write the checkpoint: %w", err)
	default:
		j.checkpoint.trouble.Met(j.log, "cannot write the checkpoint; the next start reads more of the history", err)
	}
	return nil
}

// writeCheckpoint writes the checkpoint if anything has changed since (H4). To be
// exact it takes the position of the deliveries first, then that of the events, then
// each queue: what happens to a queue afterwards is after both positions.
func (j *Journal) writeCheckpoint() error {
	last := &j.checkpoint
	now := j.clock.Check()
	deliveries := j.outcomes.position()
	j.mu.Lock()
	events := j.published
	lastSeq := history.Seq(events.Number)
	c := files.Checkpoint{
		Version: files.CheckpointVersion, At: now, Stopped: last.stopped, Generation: j.generation, Hash: j.hash,
		Events: files.PackPosition(events), Spoken: max(j.highestReferencedSeq, lastSeq), Deliveries: files.PackPosition(deliveries),
		Webhooks: map[string]queue.Checkpoint{}, Rows: map[string]*streak.Checkpoint{},
	}
	j.mu.Unlock()
	steps := j.clock.Steps.Load()
	if w := &last.written; steps == last.steps && w.Generation == c.Generation && w.Hash == c.Hash &&
		w.Events == c.Events && w.Deliveries == c.Deliveries && (w.At.IsZero() || now.Sub(w.At).Abs() < checkpointAge) {
		return nil
	}
	for _, q := range j.queues.Queues() {
		if x, ok := q.Checkpoint(c.At, lastSeq, j.retention.Limits().Keep); ok {
			c.Webhooks[q.Name()] = x
			c.Spoken = max(c.Spoken, x.Last) // what was published meanwhile was synced, too
		} else if x.Row != nil {
			c.Rows[q.Name()] = x.Row
		}
	}
	for _, s := range steps.List {
		c.Steps = append(c.Steps, [2]int64{int64(s.Seq), int64(s.By)})
	}
	// The checkpoint must not contain more than synced lines do.
	if err := j.outcomes.flush(); err != nil {
		return err
	}
	size, err := files.WriteCheckpoint(j.fs, &c)
	if err != nil {
		return err
	}
	j.retention.Added(max(0, size-last.size))
	last.written, last.steps, last.size = c, steps, size
	last.written.Webhooks, last.written.Rows = nil, nil
	return nil
}
