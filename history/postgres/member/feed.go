package member

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/book"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

const (
	// feedMost is how many records are read at a time, and feedBytes bounds the lines of
	// events that are in memory at a time.
	feedMost  = 512
	feedBytes = 4 << 20
	// acceptedBytes bounds the events that the member itself has accepted and that are
	// not published yet. What is beyond is read again.
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
			f.m.away.Met(f.m.o.Log, "cannot read what was accepted; trying again", database.Explained(err))
			time.Sleep(min(f.m.o.Poll, time.Second))
		}
	}
}

// begin sets the position to the last record there is: what came before is found when
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

// advance publishes what there is.
func (f *feed) advance(ctx context.Context) error {
	for ctx.Err() == nil {
		list, next := f.takeOwn()
		if len(list) > 0 {
			f.publish(list, list[len(list)-1].Number)
			continue
		}
		f.mu.Lock()
		more := f.more || next > 0
		f.more = false
		f.mu.Unlock()
		if !more {
			return nil
		}
		n, err := f.read(ctx, next)
		if err != nil {
			f.others()
			return err
		}
		switch {
		case n == feedMost:
			f.mu.Lock()
			f.more = true
			f.mu.Unlock()
		case next == 0:
			return nil
		}
		f.doCalls()
	}
	return ctx.Err()
}

// takeOwn takes those of the records accepted here that come next. If others come before
// them, it returns the seq of the first one instead.
func (f *feed) takeOwn() (list []queue.Published, next history.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.published()
	n := 0
	for n < len(f.own_) && f.own_[n].Number <= at { // they were read
		f.ownBytes -= int(f.own_[n].Location.Length)
		n++
	}
	f.own_ = f.own_[n:]
	n = 0
	for n < len(f.own_) && n < feedMost && f.own_[n].Number == at+history.Seq(n)+1 {
		f.ownBytes -= int(f.own_[n].Location.Length)
		n++
	}
	list, f.own_ = f.own_[:n:n], f.own_[n:]
	if len(f.own_) == 0 {
		f.own_ = nil
	} else if n == 0 {
		next = f.own_[0].Number
	}
	return list, next
}

// read reads and publishes some of the records after the position and before next, if
// that is not 0. It returns how many there were.
func (f *feed) read(ctx context.Context, next history.Seq) (n int, err error) {
	// All that the member owns waits for the feed, so that no answer is waited for as long
	// as a connection may seem to be one.
	reading, cancel := context.WithTimeout(ctx, callTimeout)
	records, err := f.m.book.After(reading, f.published(), feedMost)
	cancel()
	if err != nil {
		return 0, err
	}
	n = len(records)
	for i := range records {
		if next > 0 && records[i].Seq >= next {
			records = records[:i]
			break
		}
	}
	if len(records) == 0 && next > 0 { // retention has removed what is between
		f.position.Store(uint64(next - 1))
	}
	for len(records) > 0 {
		part, bytes := 0, 0
		var needed []history.Seq
		for part < len(records) && bytes < feedBytes {
			r := &records[part]
			if r.Line == nil && len(f.mine(strings.Fields(r.Webhooks))) > 0 {
				needed = append(needed, r.Seq)
				bytes += int(r.Size)
			}
			part++
		}
		var lines map[history.Seq][]byte
		if len(needed) > 0 {
			reading, cancel := context.WithTimeout(ctx, callTimeout)
			lines, err = f.m.book.Lines(reading, needed)
			cancel()
			if err != nil {
				return n, err
			}
		}
		list := make([]queue.Published, 0, part)
		for i := range records[:part] {
			list = append(list, f.publishable(&records[i], lines))
		}
		f.publish(list, records[part-1].Seq)
		records = records[part:]
	}
	return n, nil
}

// publishable returns a record that was read as it is published.
func (f *feed) publishable(r *book.Record, lines map[history.Seq][]byte) queue.Published {
	whole := *r
	if whole.Line == nil {
		whole.Line = lines[r.Seq]
	}
	a := whole.Event()
	p := queue.Published{Item: pending.ItemOf(&a), To: strings.Fields(r.Webhooks)}
	if a.Event != nil {
		p.Body = pending.NewBody(a.Event, a.Filled, a.Failures)
	}
	if _, ours := f.owned[a.Was]; a.Was != "" && ours {
		p.Renamed = f.m.Set.Renamed(&a)
	}
	return p
}

// mine returns those of the webhooks that the member owns.
func (f *feed) mine(webhooks []string) []string {
	for i, name := range webhooks {
		if _, ok := f.owned[name]; ok {
			continue
		}
		mine := append([]string(nil), webhooks[:i]...)
		for _, name := range webhooks[i+1:] {
			if _, ok := f.owned[name]; ok {
				mine = append(mine, name)
			}
		}
		return mine
	}
	return webhooks
}

// publish publishes records up to a seq.
func (f *feed) publish(list []queue.Published, last history.Seq) {
	for i := range list {
		p := &list[i]
		p.To = f.mine(p.To)
		p.Location = book.Location(p.Number, p.Location.Length)
		if p.Renamed != nil {
			// A queue that was removed meanwhile has given its deliveries to another.
			q := p.Renamed.From()
			if _, ours := f.owned[q.Name()]; !ours || f.m.Set.Queue(q.Name()) != q {
				p.Renamed = nil
			}
		}
		for _, name := range p.To {
			f.changed[name] = struct{}{}
		}
	}
	wake := f.m.Set.Publish(list, last)
	f.position.Store(uint64(last))
	f.m.clock.stamped(last)
	wake()
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
