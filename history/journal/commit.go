package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/segment"
	"sidehook/history/queue"
)

// committer writes the stream of the events. Requests put their records into a
// pool; while one pool is written and synced the next one fills, so that
// requests which come together share a sync and none waits on a timer. The
// one writer decides what is a duplicate, as it alone knows the order.
type committer struct {
	writer    *segment.Writer
	seen      *dedupeWindow
	room      *diskSpace
	clock     *clock.Clock
	size      func() int64 // at which a segment is finished
	grown     func(first uint64)
	grew      func(bytes int64)
	publish   func([]durable) (wake func())
	committed func(records int, took time.Duration)
	pulse     writerHealth

	mu      sync.Mutex
	pools   []*pool // the first is next; the last one fills
	waiting int     // requests in pools, and in the one being committed
	refuse  error   // set for good: ErrStopping or ErrFailed
	kick    chan struct{}
}

// pool is the requests that share a sync.
type pool struct {
	requests []*request
	bytes    int
	done     chan struct{} // closed when every request has its result
}

// request is what is committed whole or not at all.
type request struct {
	records  []record
	receipts []history.Receipt
	err      error
}

// record is an event, or the resend of one, on its way.
type record struct {
	identity
	head   []byte // the fields ahead of the event
	tail   []byte // the event; nil for a resend
	body   *queue.Body
	of     history.Seq // of a resend; 0 for an event
	resend bool        // it is to be sent as one
	to     []string

	accepted int64          // of a rename, when the delivery was, in Unix nanoseconds
	rename   *queue.Renamed // the delivery that it continues; nil if it is no rename
}

// durable is a record that is on disk.
type durable struct {
	*record
	seq   history.Seq
	at    time.Time
	place jsonl.Location
}

// item is the delivery that the record begins.
func (d *durable) item() queue.Item {
	accepted := d.at.UnixNano()
	if d.rename != nil {
		accepted = d.accepted
	}
	return queue.Item{Number: d.seq, Of: d.of, IsResend: d.resend, Place: d.place, AcceptedAt: accepted, Body: d.body}
}

// checkEvery is how often a file to which nothing is written is looked at, so
// that deliveries do not go on for long from one that somebody else has cut.
const checkEvery = 5 * time.Second

// maxWaiting is how many requests may wait for the disk.
const maxWaiting = 1024

func newCommitter(j *Journal, w *segment.Writer, size func() int64, committed func(int, time.Duration)) *committer {
	return &committer{
		writer: w, size: size, clock: j.clock, seen: newDuplicates(), publish: j.publish, committed: committed,
		room:  &diskSpace{fs: j.fs, log: j.log, quota: &retention.Quota{Keeper: j.retention}},
		grown: func(first uint64) { j.segmentBegun(j.events, first) }, grew: j.retention.Added,
		kick: make(chan struct{}, 1),
	}
}

// do returns once r is durable or refused.
func (c *committer) do(ctx context.Context, r *request) error {
	p, err := c.enter(r)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err() // it may be accepted all the same; a repeat will be told
	}
}

func (c *committer) enter(r *request) (*pool, error) {
	size := 0
	for i := range r.records {
		size += len(r.records[i].head) + len(r.records[i].tail)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return nil, c.refuse
	}
	if c.waiting >= maxWaiting {
		return nil, history.ErrBusy
	}
	c.waiting++
	if n := len(c.pools); n == 0 || c.pools[n-1].bytes > batchBytes {
		c.pools = append(c.pools, &pool{done: make(chan struct{})})
	}
	p := c.pools[len(c.pools)-1]
	p.requests = append(p.requests, r)
	p.bytes += size
	c.pulse.want()
	select {
	case c.kick <- struct{}{}:
	default:
	}
	return p, nil
}

// stop refuses what comes from now on. What came before is still committed.
func (c *committer) stop(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse == nil {
		c.refuse = why
	}
}

// run commits until ctx is done and nothing waits any more, or the file fails.
func (c *committer) run(ctx context.Context) (err error) {
	// No caller ever hangs, whatever ends this.
	defer func() { c.poison(err) }()
	look := time.NewTicker(checkEvery)
	defer look.Stop()
	for stopping := false; ; {
		p := c.take()
		if p != nil {
			if err := c.commit(p); err != nil {
				return err
			}
			continue
		}
		if stopping {
			return nil
		}
		select {
		case <-c.kick:
		case <-look.C:
			if err := c.writer.Check(); err != nil {
				return err
			}
		case <-ctx.Done():
			c.stop(history.ErrStopping)
			stopping = true
		}
	}
}

func (c *committer) take() *pool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pools) == 0 {
		return nil
	}
	p := c.pools[0]
	if c.pools = c.pools[1:]; len(c.pools) == 0 {
		c.pulse.taken()
	}
	return p
}

// commit makes a pool durable, answers its requests, and hands on what is new.
func (c *committer) commit(p *pool) error {
	fresh, took, err := c.write(p)
	switch {
	case err == nil:
		if len(fresh) > 0 {
			c.committed(len(fresh), took)
		}
		for i := range fresh {
			if r := &fresh[i]; r.of == 0 {
				c.seen.add(remembered{r.identity, history.Receipt{Seq: r.seq, To: r.to}})
			}
		}
		// Who is answered finds the events in their queues.
		wake := c.publish(fresh)
		c.finish(p, nil)
		wake()
		return nil
	case isNoRoom(err):
		c.room.refused(c.refuseFor(p, err), err)
		c.finish(p, nil)
		return nil
	}
	c.finish(p, failure(err))
	return err
}

// write puts what is new in a pool on disk, and says how long its sync took.
func (c *committer) write(p *pool) ([]durable, time.Duration, error) {
	defer c.pulse.atDisk()()
	c.writer.SetLimit(c.size())
	begun, err := c.writer.Begin()
	if begun {
		c.grown(c.writer.First())
	}
	if err != nil {
		return nil, 0, err
	}
	fresh := c.decide(p)
	if len(fresh) == 0 {
		return nil, 0, nil
	}
	if err := c.room.check(int64(c.writer.Pending())); err != nil {
		c.writer.Drop()
		return nil, 0, err
	}
	bytes := c.writer.Pending()
	if err := c.writer.Write(); err != nil {
		return nil, 0, err
	}
	c.grew(int64(bytes))
	start := time.Now()
	if err := c.writer.Sync(); err != nil {
		return nil, 0, err
	}
	took := time.Since(start)
	c.mu.Lock()
	err = c.refuse
	c.mu.Unlock()
	if errors.Is(err, history.ErrFailed) { // another file did meanwhile
		return nil, 0, err
	}
	c.room.accepted()
	return fresh, took, nil
}

// finish answers a pool's requests.
func (c *committer) finish(p *pool, err error) {
	if err != nil {
		for _, r := range p.requests {
			r.err = err
		}
	}
	c.mu.Lock()
	c.waiting -= len(p.requests)
	c.mu.Unlock()
	close(p.done)
}

// poison refuses everything, now and later.
func (c *committer) poison(err error) {
	if err == nil {
		err = history.ErrStopping
	} else {
		err = failure(err)
	}
	c.mu.Lock()
	if !errors.Is(c.refuse, history.ErrFailed) {
		c.refuse = err
	}
	pools := c.pools
	c.pools = nil
	c.mu.Unlock()
	for _, p := range pools {
		c.finish(p, err)
	}
}

// failure is the ErrFailed of a cause.
func failure(err error) error {
	if errors.Is(err, history.ErrFailed) {
		return err
	}
	return fmt.Errorf("%w: %w", history.ErrFailed, err)
}
