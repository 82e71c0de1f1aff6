package member

import (
	"context"
	"strings"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/book"
	"sidehook/history/queue"
)

const (
	// feedMost is how many records are read at a time, and feedBytes bounds the lines of
	// events that are in memory at a time.
	feedMost  = 512
	feedBytes = 4 << 20
)

// advance publishes all records that are known or can be read now.
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
	// All queues of the member wait for the feed. So a read has a time-out: a connection
	// may seem to be alive for longer.
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
