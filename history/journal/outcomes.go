package journal

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
)

// outcomes writes the stream of the deliveries: at once, and synced within
// syncEvery. A crash in between costs attempts that are made again.
type outcomes struct {
	log    *slog.Logger
	writer *segment.Writer

	mu      sync.Mutex
	pool    []history.Line
	held    int64        // bytes of lines that are not written
	most    int64        // of held, before no delivery is begun any more: the disk is full
	flushes []chan error // want what is in the pool to be synced
	readers []chan error // want it to be written
	failed  error
	kick    chan struct{}
	at      segment.Position // what is written

	configs configs
	synced  time.Time
	noRoom  bool
	drained func() // there is room again
	pulse   writerHealth

	size  func() int64 // at which a segment is finished
	grown func(first uint64)
	grew  func(bytes int64)
}

const (
	syncEvery = 500 * time.Millisecond
	// roomAgain is how soon a full disk is tried again.
	roomAgain = 250 * time.Millisecond
)

func newOutcomes(j *Journal, w *segment.Writer, size func() int64) *outcomes {
	return &outcomes{
		log: j.log, writer: w, most: j.queues.Bodies(), drained: j.queues.WakeAll, at: w.Position(),
		size: size, grown: func(first uint64) { j.segmentBegun(j.delivered, first) }, grew: j.retention.Added,
		kick: make(chan struct{}, 1), configs: configs{archive: j.delivered},
	}
}

// add hands over a line. It does not block, and the line is not lost while the
// process lives.
func (o *outcomes) add(line history.Line) {
	o.mu.Lock()
	o.pool = append(o.pool, line)
	o.held += int64(len(line.Fields))
	o.pulse.want()
	o.mu.Unlock()
	o.wake()
}

// full reports whether so much waits to be written that nothing is to be added.
func (o *outcomes) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held >= o.most
}

func (o *outcomes) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// flush returns once all that was added before is synced.
func (o *outcomes) flush() error {
	done := make(chan error, 1)
	o.mu.Lock()
	if o.failed != nil {
		defer o.mu.Unlock()
		return o.failed
	}
	o.flushes = append(o.flushes, done)
	o.pulse.want()
	o.mu.Unlock()
	o.wake()
	return <-done
}

// position is what has been written. It may not be synced.
func (o *outcomes) position() segment.Position {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

// run writes until ctx is done and everything added by then is synced, or
// until the file fails.
func (o *outcomes) run(ctx context.Context) (err error) {
	// Whoever waits for a flush is told, whatever ends this.
	defer func() { o.poison(err) }()
	timer := time.NewTimer(checkEvery)
	defer timer.Stop()
	for stopping := false; ; {
		select {
		case <-o.kick:
		case <-timer.C:
		case <-ctx.Done():
			stopping = true
		}
		wait, err := o.turn(stopping)
		if err != nil || stopping && !o.noRoom {
			return err
		}
		if stopping {
			o.log.Error("the outcomes of deliveries could not be written: no room; these deliveries will be made again")
			return nil
		}
		timer.Reset(wait)
	}
}

// turn writes what is in the pool, and syncs if it is time to or someone asks.
// It returns when the next turn is due at the latest.
func (o *outcomes) turn(stopping bool) (time.Duration, error) {
	o.mu.Lock()
	pool, flushes, readers := o.pool, o.flushes, o.readers
	o.pool, o.flushes, o.readers = nil, nil, nil
	o.pulse.taken()
	o.mu.Unlock()
	defer o.pulse.atDisk()()
	written, err := o.write(pool)
	answer(readers, err)
	if err != nil && !isNoRoom(err) {
		answer(flushes, failure(err))
		return 0, err
	}
	o.settle(pool, written, err)
	if o.writer.Dirty() && (stopping || len(flushes) > 0 || time.Since(o.synced) >= syncEvery) {
		if err := o.writer.Sync(); err != nil {
			answer(flushes, failure(err))
			return 0, err
		}
		o.synced = time.Now()
	}
	if o.noRoom {
		answer(flushes, history.ErrNoRoom)
		return roomAgain, nil
	}
	answer(flushes, nil)
	if o.writer.Dirty() {
		return syncEvery, nil
	}
	return checkEvery, o.writer.Check()
}

// settle keeps the outcomes that were not written, in their order: nothing is
// sent again for want of room. It says once when that begins, and when it ends.
func (o *outcomes) settle(pool []history.Line, written int, err error) {
	was := o.noRoom
	o.noRoom = err != nil
	o.mu.Lock()
	for i := range pool[:written] {
		o.held -= int64(len(pool[i].Fields))
	}
	if o.noRoom {
		o.pool = append(pool[written:], o.pool...)
	}
	held := o.held
	o.mu.Unlock()
	switch {
	case o.noRoom && !was:
		o.log.Error("the disk is full: outcomes of deliveries are held in memory until there is room; free space on the volume of history.dir", "held_bytes_at_most", o.most, "error", err)
	case was && !o.noRoom:
		o.log.Info("there is room again: the outcomes that were held are written", "held_bytes", held)
		o.drained()
	}
}

func answer(waiting []chan error, err error) {
	for _, done := range waiting {
		done <- err
	}
}

// batchBytes is when a batch is written though more waits to be in it.
const batchBytes = 4 << 20

// write appends lines to the file and says how many it did.
func (o *outcomes) write(pool []history.Line) (written int, err error) {
	defer func() {
		o.mu.Lock()
		o.at = o.writer.Position()
		o.mu.Unlock()
	}()
	for written < len(pool) {
		o.writer.SetLimit(o.size())
		fresh, err := o.writer.Begin()
		if fresh {
			o.grown(o.writer.First())
		}
		if err != nil {
			return written, err
		}
		upTo, size, most := written, 0, int(min(batchBytes, o.size()))
		for ; upTo < len(pool) && size < most; upTo++ {
			line := &pool[upTo]
			if c := line.Config; c != nil && o.configs.lacks(o.writer.First(), history.ConfigKey{Webhook: line.Webhook, Generation: c.Generation}) {
				o.writer.Add(line.At, history.AppendConfig(nil, line.Webhook, c))
			}
			o.writer.Add(line.At, line.Fields)
			size += len(line.Fields)
		}
		bytes := o.writer.Pending()
		if err := o.writer.Write(); err != nil {
			o.configs.dropped()
			return written, err
		}
		o.grew(int64(bytes))
		o.configs.written()
		written = upTo
	}
	return written, nil
}

// poison ends all waiting for this writer.
func (o *outcomes) poison(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		err = history.ErrStopping
	} else {
		err = failure(err)
	}
	o.failed = err
	answer(o.flushes, err)
	answer(o.readers, err)
	o.flushes, o.readers = nil, nil
}

// ledger is the Ledger of a journal: it writes the segments of the deliveries.
type ledger struct{ *Journal }

func (j ledger) Record(line history.Line) { j.outcomes.add(line) }
func (j ledger) Full() bool               { return j.outcomes.full() }
func (j ledger) Flush() error             { return j.outcomes.flush() }
