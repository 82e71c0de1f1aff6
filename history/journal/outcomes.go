package journal

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/segment"
	"sidehook/history/trouble"
)

// outcomes writes the stream of the deliveries. Lines are written at once and synced
// within syncEvery; after a crash, attempts that were not synced are made again. While
// the disk is full, lines wait in memory, in their order.
type outcomes struct {
	log          *slog.Logger
	writer       *segment.Writer
	segmentSize  func() int64
	segmentBegun func(first uint64)
	added        func(bytes int64)
	drained      func() // is called when there is room again
	health       writerHealth

	bytes atomic.Int64 // of lines, and of those being written
	max   int64        // of bytes; then no delivery is begun any more

	mu      sync.Mutex
	lines   []history.Line // not written yet
	spare   []history.Line // empty, for those that come while lines are written
	flushes []chan error   // answered after lines are synced
	waits   []chan error   // answered after lines are written
	failed  error          // ErrStopping or ErrFailed, for good
	written segment.Position
	kick    chan struct{}

	// These belong to run.
	configs configs
	synced  time.Time
	noRoom  bool
	trouble trouble.Trouble
}

const (
	syncEvery = 500 * time.Millisecond
	// noRoomRetry is when a full disk is tried again.
	noRoomRetry = 250 * time.Millisecond
	// maxSpare bounds the memory that is kept for lines to come.
	maxSpare = 1024
)

func newOutcomes(j *Journal, w *segment.Writer, segmentSize func() int64) *outcomes {
	return &outcomes{
		log: j.log, writer: w, max: j.queues.Bodies(), drained: j.queues.WakeAll, written: w.Position(),
		segmentSize: segmentSize, segmentBegun: func(first uint64) { j.segmentBegun(j.delivered, first) }, added: j.retention.Added,
		kick: make(chan struct{}, 1), configs: configs{archive: j.delivered},
	}
}

// ledger is the queue.Ledger of a journal.
type ledger struct{ *Journal }

func (j ledger) Record(line history.Line) { j.outcomes.add(line) }
func (j ledger) Full() bool               { return j.outcomes.full() }
func (j ledger) Flush() error             { return j.outcomes.flush() }

// add hands over a line. It does not block, and the line is written unless the
// process dies.
func (o *outcomes) add(line history.Line) {
	o.mu.Lock()
	o.lines = append(o.lines, line)
	o.bytes.Add(int64(len(line.Fields)))
	o.health.workAdded()
	o.mu.Unlock()
	o.wake()
}

// full reports whether so many lines wait that no more should be added.
func (o *outcomes) full() bool { return o.bytes.Load() >= o.max }

func (o *outcomes) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// flush returns after all lines added before are synced. Errors: ErrNoRoom,
// ErrStopping, ErrFailed.
func (o *outcomes) flush() error { return <-o.request(&o.flushes) }

// WaitWritten returns after the outcomes of deliveries until now are in the files,
// so that a reader finds them there; they need not be synced. It also returns when
// ctx is done, or when they cannot be written: the disk is full, or the journal
// has ended.
func (j *Journal) WaitWritten(ctx context.Context) {
	select {
	case <-j.outcomes.request(&j.outcomes.waits):
	case <-ctx.Done():
	}
}

// request puts a request into one of the lists, and returns where its answer comes.
func (o *outcomes) request(list *[]chan error) <-chan error {
	done := make(chan error, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		done <- o.failed
		return done
	}
	*list = append(*list, done)
	o.health.workAdded()
	o.wake()
	return done
}

func answer(requests []chan error, err error) {
	for _, done := range requests {
		done <- err
	}
}

// position returns up to where lines are written. They need not be synced.
func (o *outcomes) position() segment.Position {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written
}

// run writes until ctx is done and all lines added until then are synced, or until
// the file fails.
func (o *outcomes) run(ctx context.Context) (err error) {
	// No caller may hang, however this ends.
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
		runtime.Gosched() // outcomes that can come at once share the write
		wait, err := o.writeAndSync(stopping)
		if err != nil || stopping && !o.noRoom {
			return err
		}
		if stopping {
			o.log.Error("no room to write the outcomes of deliveries; these deliveries will be made again")
			return nil
		}
		timer.Reset(wait)
	}
}

// writeAndSync writes the lines that wait, and syncs if it is time to or requested.
// It returns how long to wait before the next call.
func (o *outcomes) writeAndSync(stopping bool) (time.Duration, error) {
	o.mu.Lock()
	lines, flushes, waits := o.lines, o.flushes, o.waits
	o.lines, o.spare, o.flushes, o.waits = o.spare, nil, nil, nil
	o.health.workTaken()
	o.mu.Unlock()
	defer o.health.diskCall()()
	written, err := o.write(lines)
	answer(waits, err)
	if err != nil && !isNoRoom(err) {
		answer(flushes, failure(err))
		return 0, err
	}
	o.keepUnwritten(lines, written, err)
	if o.writer.Dirty() && (stopping || len(flushes) > 0 || time.Since(o.synced) >= syncEvery) {
		if err := o.writer.Sync(); err != nil {
			answer(flushes, failure(err))
			return 0, err
		}
		o.synced = time.Now()
	}
	if o.noRoom {
		answer(flushes, history.ErrNoRoom)
		return noRoomRetry, nil
	}
	answer(flushes, nil)
	if o.writer.Dirty() {
		return syncEvery, nil
	}
	return checkEvery, o.writer.Check()
}

// keepUnwritten keeps the lines that did not fit on the disk, so that their deliveries are
// not made again.
func (o *outcomes) keepUnwritten(lines []history.Line, written int, noRoom error) {
	o.mu.Lock()
	for i := range lines[:written] {
		o.bytes.Add(-int64(len(lines[i].Fields)))
	}
	if noRoom != nil {
		o.lines = append(lines[written:], o.lines...)
	} else if cap(lines) <= maxSpare {
		clear(lines)
		o.spare = lines[:0]
	}
	o.mu.Unlock()
	had := o.noRoom
	o.noRoom = noRoom != nil
	if o.noRoom {
		o.trouble.Met(o.log, "the disk is full: outcomes of deliveries wait in memory until there is room; free space on the volume of history.dir", noRoom, "max_bytes", o.max)
		return
	}
	o.trouble.Over(o.log, "there is room again: outcomes of deliveries are written")
	if had {
		o.drained()
	}
}

// write appends lines to the file and returns how many.
func (o *outcomes) write(lines []history.Line) (written int, err error) {
	defer func() {
		o.mu.Lock()
		o.written = o.writer.Position()
		o.mu.Unlock()
	}()
	for written < len(lines) {
		o.writer.SetLimit(o.segmentSize())
		begun, err := o.writer.Begin()
		if begun {
			o.segmentBegun(o.writer.First())
		}
		if err != nil {
			return written, err
		}
		end, size, most := written, 0, int(min(batchBytes, o.segmentSize()))
		for ; end < len(lines) && size < most; end++ {
			line := &lines[end]
			if c := line.Config; c != nil && o.configs.add(o.writer.First(), history.ConfigKey{Webhook: line.Webhook, Generation: c.Generation}) {
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
		o.added(int64(bytes))
		o.configs.written()
		written = end
	}
	return written, nil
}

// poison answers all requests, waiting and future ones.
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
	answer(o.waits, err)
	o.flushes, o.waits = nil, nil
}
