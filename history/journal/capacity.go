package journal

import (
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/segment"
	"sidehook/history/queue"
)

// softLimit is the size of the folder above which segments are removed, and
// hardLimit that above which events are refused: what is between that and the
// limit is for the outcomes of deliveries, which are never refused.
func softLimit(limit int64) int64 { return limit - min(limit/outcomesShare, outcomesBytes) }
func hardLimit(limit int64) int64 { return limit - min(limit/outcomesShare, outcomesBytes)/2 }

// Limit is how many bytes the files of the history may have, 0 if there is no
// limit.
func (j *Journal) Limit() int64 { return j.retention.limit.Load() }

// Full reports whether events are refused because the limit is reached.
func (j *Journal) Full() bool { return j.retention.full.Load() }

// Held is how many bytes of the history cannot be removed because of what
// waits for the webhook of a queue.
func (j *Journal) Held(q *queue.Queue) int64 {
	j.retention.mu.Lock()
	sizes := j.retention.sizes
	j.retention.mu.Unlock()
	return q.HeldBytes(j.events.Segments(), sizes)
}

// sizeQuota is what the writer of the events knows of the limit. It belongs to
// that writer.
type sizeQuota struct {
	*Journal
	refused error
	until   time.Time // it is not asked again before
}

// freshFor is how long it is believed that there is no room.
const freshFor = time.Second

// check is ErrNoRoom if so many bytes of events are not to be written: the
// folder is full, and no segment may go. Before it says so somebody has looked.
func (a *sizeQuota) check(bytes int64) error {
	r := a.retention
	if r.measured.Load() && !r.over(bytes) {
		a.refused = nil
		return nil
	}
	if a.refused != nil && time.Now().Before(a.until) {
		return a.refused
	}
	w := want{bytes, make(chan struct{})}
	select {
	case r.asked <- w:
		<-w.looked
	case <-r.ended:
	}
	if a.refused = nil; r.over(bytes) {
		r.full.Store(true)
		a.refused, a.until = a.why(), time.Now().Add(freshFor)
	}
	return a.refused
}

// over reports whether so many bytes of events are too many.
func (r *retention) over(bytes int64) bool {
	limit := r.limit.Load()
	return limit > 0 && r.size.Load()+r.grown.Load()+bytes > hardLimit(limit)
}

// why says what fills the folder, and whose it is.
func (a *sizeQuota) why() error {
	name, most := "", int64(0)
	for _, q := range a.Queues() {
		if held := a.Held(q); held > most {
			name, most = q.Name(), held
		}
	}
	limit := a.Limit()
	if name == "" {
		return fmt.Errorf("%w: history.max_size, %s, is reached: make it larger", history.ErrNoRoom, files.Mebibytes(limit))
	}
	return fmt.Errorf("%w: history.max_size, %s, is reached, and %s of it wait for the webhook %q: make it larger, or let that webhook deliver, or cancel what waits",
		history.ErrNoRoom, files.Mebibytes(limit), files.Mebibytes(most), name)
}

// filling tells when the folder comes to be so full, once; and again after it
// was that much emptier that it is not the removing of segments.
func (j *Journal) filling(size int64) {
	k, limit := j.retention.keeping, j.retention.limit.Load()
	if limit <= 0 {
		k.told = 0
		return
	}
	share := int(min(100*size/limit, 1000))
	if share < k.told-fillingSlack {
		k.told = 0
	}
	for _, level := range [...]int{90, 70} {
		if share >= level {
			if k.told < level {
				k.told = level
				j.log.Warn("the history fills its limit", "percent", share, "bytes", size, "limit", limit)
				j.low(level, size, limit)
			}
			return
		}
	}
}

// fillingSlack is more than the share of two segments, one of each stream.
const fillingSlack = 100*2/segmentShare + 1

// grew counts bytes by which the folder has just grown, and asks for a look where
// it has become too large. Whoever makes the folder grow calls it, after that: a
// look that began before must not count what it did not measure.
func (r *retention) grew(bytes int64) {
	grown, limit := r.grown.Add(bytes), r.limit.Load()
	size := r.size.Load() + grown
	if limit == 0 || size <= softLimit(limit) {
		return
	}
	// A look in vain is not repeated for each batch, unless the limit itself is passed.
	passed := size > limit && size-bytes <= limit
	if passed || grown >= (hardLimit(limit)-softLimit(limit))/2 {
		r.look()
	}
}

// grow takes in a segment that was begun: the one before it is finished.
func (j *Journal) grow(archive *segment.Archive, first uint64) {
	archive.Grow(first)
	j.indexer.finished()
	j.retention.look()
}
