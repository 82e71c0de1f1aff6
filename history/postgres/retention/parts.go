package retention

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"sidehook/history/postgres/database"
)

// of returns the partitions of a stream, the oldest first.
func of(parts []part, stream string) iter.Seq[part] {
	return func(yield func(part) bool) {
		for _, p := range parts {
			if p.stream == stream && !yield(p) {
				return
			}
		}
	}
}

// arguments are the stream and the bounds.
func (p *part) arguments() []database.Argument {
	return []database.Argument{database.Text(p.stream), database.Int8(p.first), database.Int8(p.next)}
}

// prepare has new partitions of a stream be as wide as fits its rate, and makes the next
// ones.
func (k *Keeper) prepare(ctx context.Context, stream string, parts []part, now int64) error {
	parts = slices.Collect(of(parts, stream))
	if len(parts) == 0 {
		return nil
	}
	width := int64(idsWidth)
	if stream != "ids" {
		width = k.width(parts, now)
	}
	return k.o.DB.Call(ctx, `SELECT {schema}.prepare_parts($1, $2, $3)`,
		[]database.Argument{database.Text(stream), database.Int8(width), database.Int8(width / 2)})
}

// width returns how many records a partition is to have, so that about share partitions have
// all that is kept.
func (k *Keeper) width(parts []part, now int64) int64 {
	recent := parts[max(0, len(parts)-4)]
	written := max(1, recent.last-recent.first+1)
	span := time.Duration(k.keep.Load()) / share
	if span == 0 {
		span = 24 * time.Hour
	}
	width := float64(written) / max(1, float64(now-recent.since)) * float64(span)
	if limit := k.limit.Load(); limit > 0 {
		bytes := int64(0)
		for _, p := range parts {
			bytes += p.bytes
		}
		each := float64(bytes) / float64(max(1, recent.last-parts[0].first+1))
		width = min(width, float64(limit)/share/max(1, each))
	}
	return min(max(int64(width), leastWidth), mostWidth)
}

// end ends the partitions that are being filled and have more than twice their share of
// the limit.
func (k *Keeper) end(ctx context.Context, parts []part) (ended bool, err error) {
	limit := k.limit.Load()
	for _, p := range parts {
		if limit == 0 || p.stream == "ids" || p.full() || p.first > p.last || p.bytes <= 2*limit/share {
			continue
		}
		if err := k.o.DB.Call(ctx, `SELECT {schema}.end_part($1, $2, $3)`, p.arguments()); err != nil {
			return ended, err
		}
		ended = true
	}
	return ended, nil
}

// tally counts the attempts of partitions that were filled, the newest first.
func (k *Keeper) tally(ctx context.Context, parts []part) error {
	n := 0
	for _, p := range slices.Backward(parts) {
		if p.stream != "attempts" || p.tallied || !p.full() {
			continue
		}
		if n++; n > tallyMost {
			break
		}
		if err := k.o.DB.Call(ctx, `SELECT {schema}.tally_part($1, $2)`, p.arguments()[1:]); err != nil {
			return err
		}
	}
	return nil
}

// remove removes partitions that are older than the time to keep, and the oldest ones while
// the history is too large. It returns how many it removed.
func (k *Keeper) remove(ctx context.Context, parts []part, now int64) (removed int, err error) {
	if len(parts) == 0 {
		return 0, nil // and now is not known
	}
	r := &removal{Keeper: k, ctx: ctx, kept: map[string][]part{}}
	reached := map[string]int64{} // the newest record so far
	for _, p := range parts {
		if p.full() {
			// A clock that was slow for a while stamps a newer partition with an older time.
			p.newest = max(p.newest, reached[p.stream])
			if p.newest <= now {
				reached[p.stream] = p.newest
			}
			r.kept[p.stream] = append(r.kept[p.stream], p)
		}
	}
	for r.err == nil && r.take("ids", func(*part) bool { return true }) {
	}
	if keep := k.keep.Load(); keep > 0 && k.believes(now) {
		old := func(p *part) bool { return now-p.newest > keep }
		for r.err == nil && r.take("events", old) {
		}
		for r.err == nil && r.take("attempts", old) {
		}
	}
	for r.err == nil && k.short(r.bytes) {
		// The older ones first, of either stream.
		attempts := r.kept["attempts"]
		notLater := func(p *part) bool { return len(attempts) == 0 || p.newest <= attempts[0].newest }
		any := func(*part) bool { return true }
		if !r.take("events", notLater) && !r.take("attempts", any) && !r.take("events", any) {
			break
		}
	}
	if r.removed > 0 {
		k.o.Log.Info("removed history that has ended and is older than history.keep, or exceeds history.max_size",
			"partitions", r.removed, "bytes", r.bytes, "newest", time.Unix(0, r.newest).UTC())
	}
	if isBusy(r.err) {
		r.err = nil // the next look tries again
	}
	return r.removed, r.err
}

var errClocks = errors.New("the clocks of the database and of this host differ")

// believes reports whether the database's clock may decide how old something is (T5).
func (k *Keeper) believes(now int64) bool {
	ahead := time.Until(time.Unix(0, now))
	if ahead.Abs() <= clockBound {
		k.clocks.Over(k.o.Log, "the clocks of the database and of this host agree again: history older than history.keep is removed")
		return true
	}
	k.clocks.Met(k.o.Log, "nothing is removed for its age: set the clock that is wrong", errClocks, "database_ahead", ahead.Round(time.Second))
	return false
}

// removal removes partitions for one Look.
type removal struct {
	*Keeper
	ctx     context.Context
	kept    map[string][]part // that are full
	removed int
	bytes   int64
	newest  int64
	err     error
}

// take removes the oldest partition of a stream that must go and may go.
func (r *removal) take(stream string, must func(*part) bool) bool {
	list := r.kept[stream]
	for i := range list {
		p := list[i]
		if !must(&p) {
			continue
		}
		var gone bool
		gone, r.err = r.removePart(&p)
		if r.err != nil {
			return false
		}
		if gone {
			r.kept[stream] = slices.Delete(list, i, i+1)
			r.removed++
			r.bytes += p.bytes
			r.newest = max(r.newest, p.newest)
			return true
		}
		if stream == "attempts" {
			return false // those after it are of later events
		}
	}
	return false
}

// removePart removes a partition, and reports false if it is needed. Others may have it
// in use for a moment, so it tries more than once.
func (r *removal) removePart(p *part) (gone bool, err error) {
	for range busyTries {
		err = r.o.DB.Call(r.ctx, `SELECT {schema}.remove_part($1, $2, $3)`, p.arguments(), &gone)
		if !isBusy(err) {
			break
		}
		select {
		case <-time.After(busyPause):
		case <-r.ctx.Done():
		}
	}
	return gone, err
}

// isBusy reports whether a table was in use for too long.
func isBusy(err error) bool { return database.Code(err) == "55P03" }
