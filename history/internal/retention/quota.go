package retention

import (
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/internal/files"
)

// Segments are removed above softLimit of the folder's size, and events refused
// above hardLimit. The rest is for what becomes of deliveries, which is never
// refused.
func softLimit(limit int64) int64 { return limit - reserve(limit) }
func hardLimit(limit int64) int64 { return limit - reserve(limit)/2 }

func reserve(limit int64) int64 { return min(limit/16, 128<<20) }

// Full reports whether events are refused because the size limit is reached.
func (k *Keeper) Full() bool { return k.full.Load() }

// Quota tells the writer of the events whether the size limit leaves room. It
// belongs to that writer.
type Quota struct {
	*Keeper
	refused error
	until   time.Time // refused is not checked again before
}

// refusedFor is how long writes are refused before the room is measured again.
const refusedFor = time.Second

// Request asks for a Look, and waits for it.
type Request struct {
	Bytes int64 // that there must be room for
	done  chan struct{}
}

// Done tells that the Look has ended.
func (r Request) Done() { close(r.done) }

// Check returns ErrNoRoom if there is no room for so many bytes of events, and
// none can be made.
func (q *Quota) Check(bytes int64) error {
	if q.measured.Load() && !q.over(bytes) {
		q.refused = nil
		return nil
	}
	if q.refused != nil && time.Now().Before(q.until) {
		return q.refused
	}
	r := Request{bytes, make(chan struct{})}
	select {
	case q.requests <- r:
		<-r.done
	case <-q.ended:
	}
	if q.refused = nil; q.over(bytes) {
		q.full.Store(true)
		q.refused, q.until = q.explain(), time.Now().Add(refusedFor)
	}
	return q.refused
}

// Refused reports whether the last Check returned an error.
func (q *Quota) Refused() bool { return q.refused != nil }

// over reports whether there is no room for so many bytes.
func (k *Keeper) over(bytes int64) bool {
	limit := k.limit.Load()
	return limit > 0 && k.size.Load()+k.added.Load()+bytes > hardLimit(limit)
}

// explain returns what fills the folder, and what to do.
func (k *Keeper) explain() error {
	limit := files.Mebibytes(k.limit.Load())
	webhook, bytes := k.Pending.Largest()
	if webhook == "" {
		return fmt.Errorf("%w: history.max_size, %s, is reached: make it larger", history.ErrNoRoom, limit)
	}
	return fmt.Errorf("%w: history.max_size, %s, is reached, and %s of it wait for the webhook %q: make it larger, or let that webhook deliver, or cancel what waits",
		history.ErrNoRoom, limit, files.Mebibytes(bytes), webhook)
}

// Spare returns ErrNoRoom if the size limit or the volume has no room for so many bytes
// that are not needed, such as those of an index.
func (k *Keeper) Spare(bytes int64) error {
	if k.over(bytes) {
		return fmt.Errorf("%w: history.max_size, %s, is reached", history.ErrNoRoom, files.Mebibytes(k.limit.Load()))
	}
	return files.CheckReserve(k.FS, bytes)
}

// Short reports whether room is short: segments must be removed because of the size limit,
// or events are refused because the volume is full.
func (k *Keeper) Short() bool {
	limit := k.limit.Load()
	return limit > 0 && k.size.Load()+k.added.Load() > softLimit(limit) || files.CheckReserve(k.FS, 0) != nil
}

// Added counts bytes by which the folder has just grown, and asks for a Look if it
// has become too large. It must be called after writing: a Look that began before
// must not count what it has not measured.
func (k *Keeper) Added(bytes int64) {
	added, limit := k.added.Add(bytes), k.limit.Load()
	size := k.size.Load() + added
	if limit == 0 || size <= softLimit(limit) {
		return
	}
	// A Look in vain is not repeated for each batch, unless the limit itself is
	// exceeded.
	exceeded := size > limit && size-bytes <= limit
	if exceeded || added >= (hardLimit(limit)-softLimit(limit))/2 {
		k.LookSoon()
	}
}

// usageSlack, in percent, is more than the share of two segments, one of each
// stream.
const usageSlack = 100*2/segmentShare + 1

// warnUsage warns once when the folder fills 70, and 90, percent of the limit. It warns
// again only after usage has fallen by more than usageSlack: the removal of segments alone
// makes it fall and rise again.
func (k *Keeper) warnUsage(size int64) {
	s, limit := &k.look, k.limit.Load()
	if limit <= 0 {
		s.warned = 0
		return
	}
	percent := int(min(100*size/limit, 1000))
	if percent < s.warned-usageSlack {
		s.warned = 0
	}
	for _, level := range [...]int{90, 70} {
		if percent >= level {
			if s.warned < level {
				s.warned = level
				k.Log.Warn("the history fills its limit", "percent", percent, "bytes", size, "limit", limit)
				k.Low(level, size, limit)
			}
			return
		}
	}
}
