package journal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
)

// remove lets the chosen segments go, one durable step after the other (R3):
//
//	killed                              then
//	before removed.json is renamed      all of them stand; they are chosen again
//	after that                          the next start unlinks what still stands
//	between the two removed files       the same, and the other stream's are chosen again
func (j *Journal) remove(g *removalPlan) error {
	if err := j.endsDurable(g); err != nil {
		j.retention.release(g)
		return err
	}
	for _, stream := range [...]segment.Stream{segment.Events, segment.Deliveries} {
		if !g.has(stream) {
			continue
		}
		for i := range g.segments {
			if f := &g.segments[i]; f.stream == stream {
				j.retention.mark(stream, f.Span) // those of the events are, since they were chosen
			}
		}
		if err := files.SaveRemoved(j.fs, stream, j.retention.removedOf(stream)); err != nil {
			j.retention.release(g)
			return err
		}
		// It is durable: the next look, or start, unlinks what this one cannot.
		g.before[stream] = j.retention.removedOf(stream)
		if err := j.forgetSegments(g, stream); err != nil {
			j.retention.keeping.left = true
			j.retention.release(g)
			return err
		}
	}
	if err := j.fs.Sync(); err != nil {
		return fmt.Errorf("remove segments: %w: %w", vfs.ErrUnsynced, err)
	}
	j.sayRemoved(g)
	return nil
}

// endsDurable makes durable that nothing in the segments is to be delivered.
func (j *Journal) endsDurable(g *removalPlan) error {
	if g.has(segment.Deliveries) {
		for _, q := range j.Queues() {
			q.Restate() // R5
		}
	}
	switch err := j.outcomes.flush(); {
	case errors.Is(err, history.ErrNoRoom):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errWriter, err)
	}
	if err := j.saveCursors(); err != nil {
		return err
	}
	if err := vfs.Clear(j.fs, files.PreviousCheckpointFile); err != nil {
		return fmt.Errorf("remove the cursors before: %w", err)
	}
	return nil
}

// forgetSegments unlinks those of a stream. Once they are out of what is known,
// nobody puts a compressed one in their place.
func (j *Journal) forgetSegments(g *removalPlan, stream segment.Stream) error {
	j.retention.files.Lock()
	defer j.retention.files.Unlock()
	for i := range g.segments {
		if f := &g.segments[i]; f.stream == stream {
			j.forgetSegment(f)
		}
	}
	_, _, err := files.RemoveSegments(j.fs, stream, j.retention.removedOf(stream))
	return err
}

// forgetSegment takes a removed segment out of what is known.
func (j *Journal) forgetSegment(f *finished) {
	archive := j.events
	if f.stream == segment.Deliveries {
		archive = j.delivered
		delete(j.retention.keeping.witnesses, f.From)
	}
	archive.Drop(f.From)
	delete(j.retention.keeping.times[f.stream], f.From)
}

// sayRemoved is one line for all that went.
func (j *Journal) sayRemoved(g *removalPlan) {
	var events, deliveries int
	var from, to time.Time
	for _, f := range g.segments {
		if f.stream == segment.Events {
			events++
		} else {
			deliveries++
		}
		if at := f.last; !at.IsZero() {
			if from.IsZero() || at.Before(from) {
				from = at
			}
			if at.After(to) {
				to = at
			}
		}
	}
	j.log.Info("removed history that is finished and older than history.keep, or that history.max_size leaves no room for",
		"events_segments", events, "deliveries_segments", deliveries, "bytes", g.bytes, "oldest", from, "newest", to)
}

// What follows keeps the ranges of what is removed. A map's value is replaced,
// not changed, so that one taken out of it may be read without the lock.

func (r *retention) removedOf(stream segment.Stream) seqset.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.removed[stream]
}

func (r *retention) copyRemoved() map[segment.Stream]seqset.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.removed)
}

func (r *retention) mark(stream segment.Stream, s seqset.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(stream, s)
}

// add is mark for who holds the lock.
func (r *retention) add(stream segment.Stream, s seqset.Span) {
	removed := slices.Clone(r.removed[stream])
	removed.AddSpan(s)
	r.removed[stream] = removed
}

// release takes back what was chosen and is not durably removed.
func (r *retention) release(g *removalPlan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.removed, g.before)
	for stream := range r.removed {
		if _, ok := g.before[stream]; !ok {
			delete(r.removed, stream)
		}
	}
}

// recallRemoved learns what former processes have removed.
func (j *Journal) recallRemoved() {
	for _, stream := range [...]segment.Stream{segment.Events, segment.Deliveries} {
		removed, err := files.LoadRemoved(j.fs, stream)
		if err != nil {
			// Nothing is lost.
			j.log.Error("cannot read what retention has removed, so that history check takes what is missing for damage", "error", err)
		}
		j.retention.removed[stream] = removed
	}
}

// finishRemoval does what a removal was kept from that a crash or an error cut
// short: the ranges are durable, and so the cursors were, but the segments still
// stand.
func (j *Journal) finishRemoval() error {
	for _, stream := range [...]segment.Stream{segment.Events, segment.Deliveries} {
		removed := j.retention.removedOf(stream)
		if len(removed) == 0 {
			continue
		}
		files, bytes, err := files.RemoveSegments(j.fs, stream, removed)
		if err != nil {
			return err
		}
		if files > 0 {
			j.log.Info("finished a removal that was cut short", "stream", stream.Name, "files", files, "bytes", bytes)
			if err := j.fs.Sync(); err != nil {
				return fmt.Errorf("remove segments: %w: %w", vfs.ErrUnsynced, err)
			}
		}
	}
	return nil
}
