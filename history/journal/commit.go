package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/dedupe"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/queue"
)

// committer writes the stream of the events, with group commit: while one batch is
// written and synced the next one fills. Requests that come together share a sync,
// and none waits for a timer. Only the writer finds repeats, because it alone
// knows the order.
type committer struct {
	writer       *segment.Writer
	window       *dedupe.Window
	space        *diskSpace
	clock        *clock.Clock
	segmentSize  func() int64
	segmentBegun func(first uint64)
	added        func(bytes int64)
	publish      func([]queue.Published) (wake func())
	committed    func(records int, took time.Duration)
	health       writerHealth
	fresh        []queue.Published // of the new records of a batch

	mu      sync.Mutex
	batches []*batch // the first one is written next, the last one fills
	waiting int      // requests in batches, and in the one being written
	closed  error    // ErrStopping or ErrFailed, for good
	kick    chan struct{}
}

const (
	// checkEvery is how often a file to which nothing is written is checked, so that
	// deliveries from a file that somebody has truncated end soon.
	checkEvery = 5 * time.Second
	// maxWaiting is how many requests may wait for the disk.
	maxWaiting = 1024
	// batchBytes is the size at which a batch is full.
	batchBytes = 4 << 20
	// mostKept is for how many records memory is kept from one batch to the next.
	mostKept = 8 << 10
)

func newCommitter(j *Journal, w *segment.Writer, segmentSize func() int64, committed func(int, time.Duration)) *committer {
	return &committer{
		writer: w, window: dedupe.New(), clock: j.clock, publish: j.publish, committed: committed,
		space:       &diskSpace{fs: j.fs, log: j.log, quota: &retention.Quota{Keeper: j.retention}},
		segmentSize: segmentSize, segmentBegun: func(first uint64) { j.segmentBegun(j.events, first) }, added: j.retention.Added,
		kick: make(chan struct{}, 1),
	}
}

// commit returns after r is durable or refused.
func (c *committer) commit(ctx context.Context, r *request) error {
	b, err := c.enqueue(r)
	if err != nil {
		return err
	}
	select {
	case <-b.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err() // it may be accepted all the same; then a repeat is a duplicate
	}
}

// enqueue puts a request into a batch.
func (c *committer) enqueue(r *request) (*batch, error) {
	size := 0
	for i := range r.records {
		size += len(r.records[i].head) + len(r.records[i].tail)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return nil, c.closed
	}
	if c.waiting >= maxWaiting {
		return nil, history.ErrBusy
	}
	c.waiting++
	if n := len(c.batches); n == 0 || c.batches[n-1].bytes > batchBytes {
		c.batches = append(c.batches, &batch{done: make(chan struct{})})
	}
	b := c.batches[len(c.batches)-1]
	b.requests = append(b.requests, r)
	b.bytes += size
	c.health.workAdded()
	select {
	case c.kick <- struct{}{}:
	default:
	}
	return b, nil
}

// refusal returns why requests are refused for good, nil if they are not.
func (c *committer) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close refuses requests from now on. Those in batches are still committed.
func (c *committer) close(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil {
		c.closed = why
	}
}

// run commits until ctx is done and nothing waits any more, or until the file
// fails.
func (c *committer) run(ctx context.Context) (err error) {
	// No caller may hang, however this ends.
	defer func() { c.poison(err) }()
	checking := time.NewTicker(checkEvery)
	defer checking.Stop()
	for stopping := false; ; {
		runtime.Gosched() // requests that can come at once join the batch, and share its sync
		if b := c.nextBatch(); b != nil {
			if err := c.commitBatch(b); err != nil {
				return err
			}
			continue
		}
		if stopping {
			return nil
		}
		select {
		case <-c.kick:
		case <-checking.C:
			if err := c.writer.Check(); err != nil {
				return err
			}
		case <-ctx.Done():
			c.close(history.ErrStopping)
			stopping = true
		}
	}
}

// nextBatch takes the first batch, nil if there is none.
func (c *committer) nextBatch() *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.batches) == 0 {
		return nil
	}
	b := c.batches[0]
	if c.batches = c.batches[1:]; len(c.batches) == 0 {
		c.health.workTaken()
	}
	return b
}

// commitBatch makes a batch durable, publishes what is new, and answers its
// requests. Its error is final.
func (c *committer) commitBatch(b *batch) error {
	fresh, took, err := c.write(b)
	defer c.release()
	switch {
	case err == nil:
		if len(fresh) > 0 {
			c.committed(len(fresh), took)
		}
		c.window.Keep()
		// A caller that has its answer finds the events in their queues.
		wake := c.publish(fresh)
		c.answer(b, nil)
		wake()
		return nil
	case isNoRoom(err):
		c.refuse(b, err)
		c.space.refuse(err)
		c.answer(b, nil)
		return nil
	}
	c.answer(b, failure(err))
	return err
}

// release drops the new records of a batch. The memory is for the next batch, unless this
// one was very large.
func (c *committer) release() {
	clear(c.fresh)
	if cap(c.fresh) > mostKept {
		c.fresh = nil
	}
}

// write writes and syncs the new records of a batch, and returns how long the sync
// took.
func (c *committer) write(b *batch) ([]queue.Published, time.Duration, error) {
	defer c.health.diskCall()()
	c.writer.SetLimit(c.segmentSize())
	begun, err := c.writer.Begin()
	if begun {
		c.segmentBegun(c.writer.First())
	}
	if err != nil {
		return nil, 0, err
	}
	fresh := c.dedupeAndNumber(b)
	if len(fresh) == 0 {
		return nil, 0, nil
	}
	bytes := int64(c.writer.Pending())
	if err := c.space.check(bytes); err != nil {
		c.writer.Drop()
		return nil, 0, err
	}
	if err := c.writer.Write(); err != nil {
		return nil, 0, err
	}
	c.added(bytes)
	start := time.Now()
	if err := c.writer.Sync(); err != nil {
		return nil, 0, err
	}
	took := time.Since(start)
	if err := c.refusal(); errors.Is(err, history.ErrFailed) { // another file has failed meanwhile
		return nil, 0, err
	}
	c.space.accept()
	return fresh, took, nil
}

// answer gives the requests of a batch their results.
func (c *committer) answer(b *batch, err error) {
	if err != nil {
		for _, r := range b.requests {
			r.err = err
		}
	}
	c.mu.Lock()
	c.waiting -= len(b.requests)
	c.mu.Unlock()
	close(b.done)
}

// poison refuses all requests, waiting and future ones.
func (c *committer) poison(err error) {
	if err == nil {
		err = history.ErrStopping
	} else {
		err = failure(err)
	}
	c.mu.Lock()
	if !errors.Is(c.closed, history.ErrFailed) {
		c.closed = err
	}
	batches := c.batches
	c.batches = nil
	c.mu.Unlock()
	for _, b := range batches {
		c.answer(b, err)
	}
}

// failure returns the ErrFailed of an error.
func failure(err error) error {
	if errors.Is(err, history.ErrFailed) {
		return err
	}
	return fmt.Errorf("%w: %w", history.ErrFailed, err)
}
