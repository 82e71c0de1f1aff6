package journal

import (
	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/streak"
	"sidehook/history/queue"
)

// saveCursors writes the cursors if anything was written since they last were.
func (j *Journal) saveCursors() error {
	now := j.clock.Check()
	deliveries := j.outcomes.position()
	j.mu.Lock()
	events := j.published
	last := history.Seq(events.Number)
	c := files.Checkpoint{
		Version: files.CheckpointVersion, At: now, Stopped: j.last, Generation: j.generation, Hash: j.hash,
		Events: files.PackPosition(events), Spoken: max(j.highestReferencedSeq, last), Deliveries: files.PackPosition(deliveries),
		Webhooks: map[string]queue.Checkpoint{}, Rows: map[string]*streak.Checkpoint{},
	}
	steps := j.clock.Steps.Load()
	stale := steps != j.savedSteps || j.saved.Generation != c.Generation || j.saved.Hash != c.Hash ||
		j.saved.Events != c.Events || j.saved.Deliveries != c.Deliveries ||
		!j.saved.At.IsZero() && now.Sub(j.saved.At).Abs() >= cursorsAge
	j.mu.Unlock()
	if !stale {
		return nil
	}
	for _, q := range j.queues.Queues() {
		if x, ok := q.Checkpoint(c.At, last, j.retention.Limits().Keep); ok {
			c.Webhooks[q.Name()] = x
			c.Spoken = max(c.Spoken, x.Last) // what was published meanwhile was synced, too
		} else if x.Row != nil {
			c.Rows[q.Name()] = x.Row
		}
	}
	for _, s := range steps.List {
		c.Steps = append(c.Steps, [2]int64{int64(s.Seq), int64(s.By)})
	}
	// They may say no more than lines that are synced.
	if err := j.outcomes.flush(); err != nil {
		return err
	}
	size, err := files.WriteCheckpoint(j.fs, &c)
	if err != nil {
		return err
	}
	j.retention.Added(max(0, size-j.savedSize))
	j.saved, j.savedSteps, j.savedSize = c, steps, size
	j.saved.Webhooks, j.saved.Rows = nil, nil
	return nil
}
