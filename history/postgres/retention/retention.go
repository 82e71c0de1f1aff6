// Package retention removes the oldest partitions of the history in PostgreSQL, and makes
// new ones before they are needed. Rows are never deleted.
//
//	T1  A partition of the events is removed only while no checkpoint refers to a record
//	    in it, no record of it is beyond what the checkpoints cover, and no resend beyond
//	    that points into it (P7).
//	T2  A partition of the attempts is removed only after all events that it refers to,
//	    and after all its lines are covered by checkpoints.
//	T3  The partition that is being filled stays. It is ended early when it has twice its
//	    share of the limit, so that what is delivered can make room.
//	T4  One member at a time looks: the others measure only.
//	T5  Nothing is removed for its age while the clocks of the database and of this
//	    machine differ by more than clockBound: one of them was set.
//
// So the history may be full of what waits, and then events are refused. Package postgres
// runs a Keeper.
package retention

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history/journal"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
	"sidehook/history/trouble"
)

// Options of a Keeper. DB is required.
type Options struct {
	DB   *database.DB
	Name string // of the member
	Log  *slog.Logger
	// Low is called when the history comes to fill 70, and 90, percent of its limit.
	Low func(percent int, bytes, limit int64)
	// Every is how often it looks; 10 seconds if 0.
	Every time.Duration
}

// Keeper is for concurrent use.
type Keeper struct {
	o           Options
	keep, limit atomic.Int64
	size        atomic.Int64 // as last measured
	wrote       atomic.Int64 // bytes of records since then
	kick        chan struct{}

	mu     sync.Mutex
	firsts []uint64 // of the partitions of the events, in order
	sizes  map[uint64]int64

	// These belong to Run.
	warned  int
	trouble trouble.Trouble
	over    trouble.Trouble
	clocks  trouble.Trouble
}

func New(o Options) *Keeper {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Low == nil {
		o.Low = func(int, int64, int64) {}
	}
	if o.Every == 0 {
		o.Every = 10 * time.Second
	}
	return &Keeper{o: o, kick: make(chan struct{}, 1), clocks: trouble.Trouble{Level: slog.LevelWarn}}
}

// Retain sets how much history is kept, from now on.
func (k *Keeper) Retain(r journal.Retention) {
	k.keep.Store(int64(r.Keep))
	k.limit.Store(r.MaxSize)
	k.lookNow()
}

// lookNow has Run look without delay.
func (k *Keeper) lookNow() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// Wrote counts bytes of records that this member has committed. When they may fill half
// of the room that was measured, it is measured again: they may have been compressed.
func (k *Keeper) Wrote(bytes int) {
	wrote, limit := k.wrote.Add(int64(bytes)), k.limit.Load()
	if limit > 0 && wrote > max((hardLimit(limit)-k.size.Load())/2, reserve(limit)/8) {
		k.lookNow()
	}
}

// Size returns how many bytes the tables have, as last measured, with their indexes.
func (k *Keeper) Size() (int64, error) { return k.size.Load(), nil }

// Limit returns how many they may have, 0 if there is no limit.
func (k *Keeper) Limit() int64 { return k.limit.Load() }

// Full reports whether events are refused because the limit is reached, by what was
// measured and what this member wrote since.
func (k *Keeper) Full() bool {
	limit := k.limit.Load()
	return limit > 0 && k.size.Load()+k.wrote.Load() > hardLimit(limit)
}

// Held returns how many bytes the partitions of the events have that a queue needs.
func (k *Keeper) Held(q *queue.Queue) int64 {
	k.mu.Lock()
	firsts, sizes := k.firsts, k.sizes
	k.mu.Unlock()
	return q.HeldBytes(firsts, sizes)
}

// Run looks until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.kick:
		case <-ctx.Done():
			return nil
		}
		err := k.Look(ctx)
		switch {
		case err == nil:
			k.trouble.Over(k.o.Log, "old history can be removed again")
		case ctx.Err() != nil:
			return nil
		case database.IsRefused(err): // the acceptor logs that the database is away
			k.trouble.Met(k.o.Log, "cannot remove old history", database.Explained(err))
		}
		every := k.o.Every
		if k.short(0) {
			every = min(every, time.Second)
		}
		timer.Reset(every)
	}
}

const (
	lookTimeout = 30 * time.Second
	// leastWidth and mostWidth bound how many records a new partition has.
	leastWidth, mostWidth = 2_000, 1_000_000
	// share is how many partitions the time to keep, or the size, is spread over.
	share = 24
	// clockBound is by how much two clocks may differ that are right.
	clockBound = 10 * time.Minute
	// tallyMost is how many partitions one look counts.
	tallyMost = 8
	// idsWidth is how wide those of the ids are, which are kept by their number.
	idsWidth = 100_000
	// busyTries is how often it is tried to remove a partition that is in use.
	busyTries = 5
	busyPause = 200 * time.Millisecond
)

// part is a partition.
type part struct {
	stream      string
	first, next int64
	since       int64 // when it was made
	tallied     bool  // its attempts are counted by the minute
	bytes       int64
	newest      int64 // when its last record is of; 0 while it is being filled
	last        int64 // number of the stream
}

// full reports whether it is filled.
func (p *part) full() bool { return p.next <= p.last+1 }

// Look measures the history, removes what must go and may go, and makes partitions.
func (k *Keeper) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	parts, now, err := k.measure(ctx)
	if err != nil {
		return err
	}
	k.warn()
	mine, err := k.elected(ctx)
	if err != nil || !mine {
		k.tell()
		return err
	}
	for _, stream := range []string{"events", "attempts", "ids"} {
		if err := k.prepare(ctx, stream, parts, now); err != nil && !isBusy(err) {
			return err
		}
	}
	if err := k.tally(ctx, parts); err != nil {
		return err
	}
	if ended, err := k.end(ctx, parts); err != nil && !isBusy(err) {
		return err
	} else if ended {
		if parts, now, err = k.measure(ctx); err != nil {
			return err
		}
	}
	removed, err := k.remove(ctx, parts, now)
	if removed > 0 {
		if _, _, err := k.measure(ctx); err != nil {
			return err
		}
	}
	k.tell()
	return err
}

// measure reads which partitions there are, and the time of the database.
func (k *Keeper) measure(ctx context.Context) (parts []part, now int64, err error) {
	wrote := k.wrote.Load() // all of that is in the tables
	rows := k.o.DB.Query(ctx, `SELECT stream, first, next, since, tallied, bytes, newest, last, {schema}.now_ns() FROM {schema}.history_parts() ORDER BY stream, first`)
	var p part
	var total int64
	var firsts []uint64
	sizes := map[uint64]int64{}
	for rows.Next(&p.stream, &p.first, &p.next, &p.since, &p.tallied, &p.bytes, &p.newest, &p.last, &now) {
		parts = append(parts, p)
		total += p.bytes
		if p.stream == "events" {
			firsts, sizes[uint64(p.first)] = append(firsts, uint64(p.first)), p.bytes
		}
	}
	if err := rows.Close(); err != nil {
		return nil, 0, err
	}
	k.size.Store(total)
	k.wrote.Add(-wrote)
	k.mu.Lock()
	k.firsts, k.sizes = firsts, sizes
	k.mu.Unlock()
	return parts, now, nil
}

// elected reports whether this member removes for all (T4): it is the one of those that
// live whose name comes first. Two that think so do no harm.
func (k *Keeper) elected(ctx context.Context) (mine bool, err error) {
	err = k.o.DB.Read(ctx, `SELECT coalesce(min(name), $1) = $1 FROM {schema}.members WHERE abs({schema}.now_ns() - beat) <= lease`,
		[]database.Argument{database.Text(k.o.Name)}, &mine)
	return mine, err
}

// short reports whether partitions are removed because of the size, with so many bytes
// less.
func (k *Keeper) short(less int64) bool {
	limit := k.limit.Load()
	return limit > 0 && k.size.Load()-less > softLimit(limit)
}

// Partitions are removed above softLimit, and events refused above hardLimit. The rest is
// for what becomes of deliveries.
func softLimit(limit int64) int64 { return limit - reserve(limit) }
func hardLimit(limit int64) int64 { return limit - reserve(limit)/2 }
func reserve(limit int64) int64   { return limit / 16 }

var errFull = errors.New("history.max_size is reached")

// tell logs that the history has become full, and that it no longer is.
func (k *Keeper) tell() {
	if limit := k.limit.Load(); k.Full() {
		k.over.Met(k.o.Log, "the history is full: events are refused until pending ones are delivered; or make history.max_size larger", errFull, "bytes", k.size.Load(), "limit", limit)
	} else {
		k.over.Over(k.o.Log, "there is room again: events are accepted")
	}
}

// warn warns once when the history fills 70, and 90, percent of the limit, and again only
// after it was emptier by more than a partition.
func (k *Keeper) warn() {
	limit := k.limit.Load()
	if limit <= 0 {
		k.warned = 0
		return
	}
	size := k.size.Load()
	percent := int(min(100*size/limit, 1000))
	if percent < k.warned-10 {
		k.warned = 0
	}
	for _, level := range [...]int{90, 70} {
		if percent >= level {
			if k.warned < level {
				k.warned = level
				k.o.Log.Warn("the history fills its limit", "percent", percent, "bytes", size, "limit", limit)
				k.o.Low(level, size, limit)
			}
			return
		}
	}
}
