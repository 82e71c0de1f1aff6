package member

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

const (
	// acceptedBytes bounds the events in memory that the member itself has accepted and
	// that are not published yet. Others are read again.
	acceptedBytes = 16 << 20
	// saveEvery is how often a checkpoint is written of a queue that has changed, and
	// saveLines after how many lines sooner. saveMost are written at a time.
	saveEvery = 5 * time.Second
	saveLines = 1000
	saveMost  = 500
	lookEvery = time.Second
)

// feed publishes the records of the events, in order and each once, to the queues that
// the member owns. Its goroutine also adds queues, removes them, and takes checkpoints, so
// that these happen between two Publishes.
type feed struct {
	m        *Member
	position atomic.Uint64 // up to which records are published
	began    chan struct{} // closed when position is known
	kick     chan struct{}

	mu       sync.Mutex
	own_     []queue.Published // accepted here, not published
	ownBytes int
	calls    []func()
	more     bool // there may be records that others accepted

	// These belong to run.
	owned   map[string]int64     // the epochs
	changed map[string]struct{}  // since the last checkpoint, by records
	savedAt map[string]time.Time // the last checkpoint
}

func newFeed(m *Member) *feed {
	return &feed{
		m: m, began: make(chan struct{}), kick: make(chan struct{}, 1),
		owned: map[string]int64{}, changed: map[string]struct{}{}, savedAt: map[string]time.Time{},
	}
}

func (f *feed) published() history.Seq { return history.Seq(f.position.Load()) }

// ready returns when the feed has begun.
func (f *feed) ready(ctx context.Context) error {
	select {
	case <-f.began:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// later has a function called between two Publishes.
func (f *feed) later(call func()) {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	f.wake()
}

// accepted adds records that the member has accepted. Without any, there may be records
// that it does not know.
func (f *feed) accepted(fresh []queue.Published) {
	f.mu.Lock()
	if len(fresh) == 0 {
		f.more = true
	}
	for i := range fresh {
		p := &fresh[i]
		size := int(p.Location.Length)
		if f.ownBytes+size > acceptedBytes {
			f.more = true
			break
		}
		f.ownBytes += size
		f.own_ = append(f.own_, *p)
	}
	f.mu.Unlock()
	f.wake()
}

// others notes that other members have accepted something.
func (f *feed) others() {
	f.mu.Lock()
	f.more = true
	f.mu.Unlock()
	f.wake()
}

func (f *feed) wake() {
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// run publishes until ctx is done.
func (f *feed) run(ctx context.Context) {
	f.begin(ctx)
	poll, look := time.NewTicker(f.m.o.Poll), time.NewTicker(lookEvery)
	defer poll.Stop()
	defer look.Stop()
	var polled time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.kick:
		case <-poll.C:
			if f.m.heard.Load() && time.Since(polled) < heardPoll {
				continue
			}
			polled = time.Now()
			f.mu.Lock()
			f.more = true
			f.mu.Unlock()
		case <-look.C:
			f.save()
		}
		f.doCalls()
		if err := f.advance(ctx); err != nil && ctx.Err() == nil {
			f.m.away.Met(f.m.o.Log, "cannot read accepted events; trying again", database.Explained(err))
			time.Sleep(min(f.m.o.Poll, time.Second))
		}
	}
}

// begin sets the position to the last record in the database. Earlier ones are found when
// webhooks are taken.
func (f *feed) begin(ctx context.Context) {
	for ctx.Err() == nil {
		last, err := f.m.book.Last(ctx)
		if err == nil {
			f.position.Store(uint64(last))
			f.m.clock.stamped(last)
			close(f.began)
			return
		}
		f.doCalls()
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (f *feed) doCalls() {
	for {
		f.mu.Lock()
		calls := f.calls
		f.calls = nil
		f.mu.Unlock()
		if len(calls) == 0 {
			return
		}
		for _, call := range calls {
			call()
		}
	}
}

// own begins to publish to a webhook's queue.
func (f *feed) own(webhook string, epoch int64) {
	f.owned[webhook] = epoch
	f.savedAt[webhook] = time.Now()
	f.changed[webhook] = struct{}{} // the figures have another owner
}

// remove lets go of a queue.
func (f *feed) remove(webhook string) queue.Checkpoint {
	delete(f.owned, webhook)
	delete(f.changed, webhook)
	delete(f.savedAt, webhook)
	return f.m.Set.Remove(webhook, f.m.clock.Check())
}
