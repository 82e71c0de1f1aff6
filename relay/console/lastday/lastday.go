// Package lastday counts how the deliveries of the last day went, by webhook and hour.
//
// It promises that all visitors share one count; that an hour that is over is read once;
// that no page waits long for a count; and that memory is held only while pages are open,
// some 300 bytes for each webhook that has attempts.
//
// The pages of relay/console call it. It knows neither the history nor the configuration.
package lastday

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Hours is how many there are, the last of which is not over.
const Hours = 24

// Hour is what became of deliveries within an hour.
type Hour struct {
	Delivered uint32 // attempts that arrived
	Failed    uint32 // attempts that did not
	GivenUp   uint32 // deliveries that ended without arriving
}

// Read visits counts of parts of hours, each from since on and before until, in any
// order, until visit returns false. One at a time is called.
type Read func(ctx context.Context, since, until time.Time, visit func(webhook string, at time.Time, part Hour) bool) error

const (
	// fresh is how long a count is good for.
	fresh = time.Minute
	// late is how long after its end an hour may still get attempts.
	late = time.Minute
	// forgotten is how long after the last look the counts are kept.
	forgotten = 10 * time.Minute
)

// Days has the counts. Many may call it at once.
type Days struct {
	read  Read
	log   *slog.Logger
	asked chan struct{} // a count is asked for

	mu      sync.Mutex
	running bool
	first   int64 // the number since 1970 of the first hour
	final   int64 // of the first hour that is read again
	hours   map[string]*[Hours]Hour
	counted time.Time     // when it was, zero: nothing is there
	looked  time.Time     // when somebody last looked
	ready   chan struct{} // closed once something is there
}

// New makes Days, which count once Run runs.
func New(read Read, log *slog.Logger) *Days {
	return &Days{read: read, log: log, asked: make(chan struct{}, 1), ready: make(chan struct{})}
}

// Run counts for those who look, until ctx is done.
func (d *Days) Run(ctx context.Context) {
	d.mu.Lock()
	d.running = true
	d.mu.Unlock()
	sweep := time.NewTicker(fresh)
	defer sweep.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-sweep.C:
			d.forget(now)
		case <-d.asked:
			err := d.count(ctx, time.Now())
			if err != nil && !failed && ctx.Err() == nil {
				d.log.Warn("cannot count the deliveries of the last day", "error", err)
			}
			failed = err != nil
		}
	}
}

// Refresh asks for a count, unless there is one that is fresh. If there is none at all, it
// waits for one, though not for long.
func (d *Days) Refresh(ctx context.Context, most time.Duration) {
	d.mu.Lock()
	now := time.Now()
	d.looked = now
	stale, none, ready := now.Sub(d.counted) >= fresh, d.counted.IsZero(), d.ready
	wait := none && d.running
	d.mu.Unlock()
	if stale {
		select {
		case d.asked <- struct{}{}:
		default: // somebody else has just asked
		}
	}
	if !wait {
		return
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ready:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Of returns the hours of a webhook, the oldest first. It reports false if they are not
// counted yet.
func (d *Days) Of(webhook string) (hours [Hours]Hour, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counted.IsZero() {
		return hours, false
	}
	if h := d.hours[webhook]; h != nil {
		hours = *h
	}
	return hours, true
}

// First returns when the first hour began.
func (d *Days) First() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Unix(d.first*3600, 0)
}

// count reads the hours that are not final, and takes them in.
func (d *Days) count(ctx context.Context, now time.Time) error {
	d.mu.Lock()
	last := now.Unix() / 3600
	from := last - Hours + 1
	if !d.counted.IsZero() {
		if now.Sub(d.counted) < fresh {
			d.mu.Unlock()
			return nil
		}
		if d.first <= from { // else the clock was set back
			from = max(from, d.final)
		}
	}
	d.mu.Unlock()

	read := map[string]*[Hours]Hour{} // of the hours from..last, as in hours
	err := d.read(ctx, time.Unix(from*3600, 0), now, func(webhook string, at time.Time, part Hour) bool {
		i := at.Unix()/3600 - (last - Hours + 1)
		if i < 0 || i >= Hours {
			return ctx.Err() == nil
		}
		h := read[webhook]
		if h == nil {
			h = new([Hours]Hour)
			read[webhook] = h
		}
		h[i].add(part)
		return ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	d.take(read, from, last, now)
	return nil
}

// take takes in the hours from one on that were read. Those before stay.
func (d *Days) take(read map[string]*[Hours]Hour, from, last int64, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := last - Hours + 1
	kept := int(from - first) // how many are not read again
	if moved := first - d.first; d.counted.IsZero() || kept == 0 {
		d.hours = nil
	} else {
		for webhook, h := range d.hours {
			var next [Hours]Hour
			copy(next[:kept], h[moved:])
			if *h = next; next == [Hours]Hour{} {
				delete(d.hours, webhook)
			}
		}
	}
	if d.hours == nil {
		d.hours = read
	} else {
		for webhook, h := range read {
			if known := d.hours[webhook]; known != nil {
				copy(known[kept:], h[kept:])
			} else {
				d.hours[webhook] = h
			}
		}
	}
	if d.counted.IsZero() {
		close(d.ready)
	}
	d.first, d.counted = first, now
	d.final = now.Add(-late).Unix() / 3600
}

// forget drops counts that no page asks for.
func (d *Days) forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.counted.IsZero() && now.Sub(d.looked) >= forgotten {
		d.hours, d.counted, d.ready = nil, time.Time{}, make(chan struct{})
	}
}

func (h *Hour) add(part Hour) {
	h.Delivered += part.Delivered
	h.Failed += part.Failed
	h.GivenUp += part.GivenUp
}

// Sum adds hours up.
func Sum(hours [Hours]Hour) (sum Hour) {
	for _, h := range hours {
		sum.add(h)
	}
	return sum
}
