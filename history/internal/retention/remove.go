package retention

import (
	"time"

	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
)

// remove removes the planned segments, one durable step after the other (R3):
//
//	killed                              then
//	before removed.json is renamed      all exist; they are planned again
//	after that                          the next start removes the files that are left
//	between the two removed files       the same, and the other stream's are planned again
func (k *Keeper) remove(p *plan) error {
	if p.has(segment.Deliveries) {
		k.Ledger.Restate() // R5
	}
	if err := k.Ledger.SyncEnds(); err != nil {
		k.release(p)
		return err
	}
	for _, stream := range streams {
		if !p.has(stream) {
			continue
		}
		for i := range p.segments {
			if f := &p.segments[i]; f.stream == stream {
				k.mark(stream, f.Span) // the plan has marked those of the events
			}
		}
		removed := k.Removed(stream)
		if err := files.SaveRemoved(k.FS, stream, removed); err != nil {
			k.release(p)
			return err
		}
		p.durable[stream] = removed
		if err := k.removeFiles(p, stream); err != nil {
			k.look.unfinished = true // the next Look, or start, goes on
			k.release(p)
			return err
		}
	}
	if err := k.syncNames(); err != nil {
		return err
	}
	k.logRemoved(p)
	return nil
}

// removeFiles removes the files of a stream's planned segments. A compressed form
// can no longer take their place, because the archive does not know them.
func (k *Keeper) removeFiles(p *plan, stream segment.Stream) error {
	k.Files.Lock()
	defer k.Files.Unlock()
	for i := range p.segments {
		f := &p.segments[i]
		if f.stream != stream {
			continue
		}
		if stream == segment.Events {
			k.look.events.Drop(f.From)
		} else {
			k.look.deliveries.Drop(f.From)
			delete(k.look.references, f.From)
		}
		delete(k.look.times[stream], f.From)
	}
	_, _, err := files.RemoveSegments(k.FS, stream, k.Removed(stream))
	return err
}

// logRemoved logs what a plan has removed.
func (k *Keeper) logRemoved(p *plan) {
	var events, deliveries int
	var from, to time.Time
	for _, f := range p.segments {
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
	k.Log.Info("removed history that has ended and is older than history.keep, or exceeds history.max_size",
		"events_segments", events, "deliveries_segments", deliveries, "bytes", p.bytes, "oldest", from, "newest", to)
}
