package retention

import (
	"fmt"
	"maps"
	"slices"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/vfs"
)

// Removed returns the numbers of a stream whose lines are removed, or about to be.
func (k *Keeper) Removed(stream segment.Stream) seqset.Set[uint64] {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.removed[stream]
}

// Pin keeps an event from being removed while a resend of it is written. It
// reports whether the event is still there. Unpin must follow if it is.
func (k *Keeper) Pin(seq history.Seq) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.removed[segment.Events].Has(uint64(seq)) {
		return false
	}
	k.pins[seq]++
	return true
}

// Unpin ends a Pin, after the queue refers to the event.
func (k *Keeper) Unpin(seq history.Seq) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pins[seq]--; k.pins[seq] == 0 {
		delete(k.pins, seq)
	}
}

func (k *Keeper) copyRemoved() map[segment.Stream]seqset.Set[uint64] {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.removed)
}

// mark adds a span to what is removed.
func (k *Keeper) mark(stream segment.Stream, s seqset.Span[uint64]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.markLocked(stream, s)
}

func (k *Keeper) markLocked(stream segment.Stream, s seqset.Span[uint64]) {
	removed := slices.Clone(k.removed[stream])
	removed.AddSpan(s)
	k.removed[stream] = removed
}

// release unmarks what was planned and is not durably removed.
func (k *Keeper) release(p *plan) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.removed = maps.Clone(p.durable)
}

// Recover learns what former processes have removed, and finishes what a crash
// interrupted.
func (k *Keeper) Recover() error {
	for _, stream := range streams {
		removed, err := files.LoadRemoved(k.FS, stream)
		if err != nil {
			// Nothing is lost.
			k.Log.Error("cannot read what retention has removed; history check will report it as damage", "error", err)
		}
		k.removed[stream] = removed
	}
	if err := k.restoreRemoved(); err != nil {
		return err
	}
	return k.finishRemoval()
}

// restoreRemoved unmarks segments of the deliveries that exist and refer to events
// that exist, which R2 rules out but for a copy of the folder: the file that lists
// the removed deliveries may be newer than the one that lists the events. They are
// removed again in their turn.
func (k *Keeper) restoreRemoved() error {
	removed, removedEvents := k.removed[segment.Deliveries], k.removed[segment.Events]
	if len(removed) == 0 {
		return nil
	}
	events, err := segment.NewArchive(k.FS, segment.Events)
	if err != nil {
		return err
	}
	deliveries, err := segment.NewArchive(k.FS, segment.Deliveries)
	if err != nil {
		return err
	}
	defer deliveries.Close() // only read from
	for _, first := range deliveries.Segments() {
		if !removed.Has(first) {
			continue
		}
		last, refers := first, false
		err := deliveries.Visit(first, 0, k.Damaged, func(line *jsonl.Line) bool {
			seq := seqOf(line)
			refers = refers || seq != 0 && events.SegmentOf(seq) != 0 && !removedEvents.Has(seq)
			last = max(last, line.Number)
			return true
		})
		if err != nil {
			return err
		}
		if refers {
			removed = removed.Without(seqset.Span[uint64]{From: first, To: last})
		}
	}
	k.removed[segment.Deliveries] = removed
	return nil
}

// finishRemoval removes the files that are left of removed segments, after a crash
// or an error. That they may go is durable (R3).
func (k *Keeper) finishRemoval() error {
	for _, stream := range streams {
		removed := k.Removed(stream)
		if len(removed) == 0 {
			continue
		}
		files, bytes, err := files.RemoveSegments(k.FS, stream, removed)
		if err != nil {
			return err
		}
		if files > 0 {
			k.Log.Info("finished an interrupted removal", "stream", stream.Name, "files", files, "bytes", bytes)
			if err := k.syncNames(); err != nil {
				return err
			}
		}
	}
	return nil
}

// syncNames makes durable which files exist.
func (k *Keeper) syncNames() error {
	if err := k.FS.Sync(); err != nil {
		return fmt.Errorf("remove segments: %w: %w", vfs.ErrUnsynced, err)
	}
	return nil
}
