package history

import (
	"sync"
	"time"
)

// Row is how a webhook's attempts have gone of late: failures, and nothing but
// failures. It survives a restart: the cursors have it, and the lines behind
// them bring it up to date. Without cursors it is made of all lines there are.
type Row struct {
	Since    time.Time // of the first of them
	Failures int       // 0: the last attempt that says anything arrived
}

// row is kept by the queue of the webhook, and is written to from that of a
// former name, too. Its lock is the last to be taken.
type row struct {
	mu sync.Mutex
	Row
	last time.Time // when it last learnt; lines up to then may come again
}

// learn takes in a line that ends an attempt or a delivery.
func (r *row) learn(at time.Time, s Status, saysNothing bool) {
	if s == Canceled || s == Expired || saysNothing {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = at
	if s == Delivered {
		r.Row = Row{}
		return
	}
	if r.Failures++; r.Failures == 1 {
		r.Since = at
	}
}

// replay takes in a line again, which the cursors may cover already. To forget
// a failure too many is harmless, to count one twice is not.
func (r *row) replay(d *Outcome) {
	if _, last := r.get(); d.Status == Delivered || d.At.After(last) {
		r.learn(d.At, d.Status, d.Again || d.Unsent || !d.Throttled.IsZero())
	}
}

// forget begins it anew with a state that does.
func (r *row) forget(s State) {
	if s.Name == "" || s.Name == active {
		r.mu.Lock()
		r.Row = Row{}
		r.mu.Unlock()
	}
}

func (r *row) get() (Row, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Row, r.last
}

// Row is how the webhook's attempts have gone of late.
func (q *Queue) Row() Row {
	r, _ := q.row.get()
	return r
}
