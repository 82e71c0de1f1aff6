package http1

import (
	"slices"
	"time"
)

// Wait is a wait for a connection to become idle.
type Wait struct {
	pool  *Pool
	found func()
	timer *time.Timer // of begin

	// The pool's lock guards these.
	conn  *Conn // that was found
	ended bool
}

// WaitAfter begins to wait for an idle connection after some time, and calls found, which
// must not use the pool, when there is one. End must follow.
func (p *Pool) WaitAfter(d time.Duration, found func()) *Wait {
	w := &Wait{pool: p, found: found}
	w.timer = time.AfterFunc(d, w.begin)
	return w
}

func (w *Wait) begin() {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.ended {
		return
	}
	if c := w.pool.takeLocked(); c != nil {
		w.foundLocked(c)
	} else {
		w.pool.waiting = append(w.pool.waiting, w)
	}
}

func (w *Wait) foundLocked(c *Conn) {
	w.conn = c
	w.found()
}

// End ends the wait. It returns the connection that was found, nil if there is none, or if
// the receiver has closed it since.
func (w *Wait) End() *Conn {
	w.timer.Stop()
	w.pool.mu.Lock()
	w.ended = true
	c := w.conn
	if c == nil {
		w.pool.waiting = slices.DeleteFunc(w.pool.waiting, func(other *Wait) bool { return other == w })
	}
	w.pool.mu.Unlock()
	if c != nil && !c.silent() {
		c.Close()
		return nil
	}
	return c
}
