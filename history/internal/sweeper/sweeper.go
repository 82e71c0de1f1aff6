// Package sweeper decides when a queue is swept. A sweep ends the deliveries that must end
// although nobody claims them. Package queue adds the queues that may have some, and
// sweeps one when it is asked to.
package sweeper

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// Every is how often the queues are swept.
	Every = time.Second
	// rest is how many times as long as a sweep took the next one waits.
	rest = 20
)

// Sweeper sweeps the queues that were added. Ten thousand queues with nothing pending
// are not among them, and cost nothing. It is for concurrent use.
type Sweeper[Q comparable] struct {
	sweep func(Q, context.Context)
	full  func() bool // nothing can be ended for now

	mu     sync.Mutex
	queues map[Q]struct{}
	added  chan struct{}   // some were added
	asked  chan request[Q] // by Ask
}

// request is one call of Ask.
type request[Q comparable] struct {
	due  func(Q) bool
	done chan struct{} // is closed after the sweep
}

// New returns a Sweeper that sweeps nothing before Run, and nothing while full.
func New[Q comparable](sweep func(Q, context.Context), full func() bool) *Sweeper[Q] {
	return &Sweeper[Q]{sweep: sweep, full: full, queues: map[Q]struct{}{}, added: make(chan struct{}, 1), asked: make(chan request[Q])}
}

// Add has a queue swept from now on, until Remove. Both return at once.
func (s *Sweeper[Q]) Add(q Q) {
	s.mu.Lock()
	s.queues[q] = struct{}{}
	s.mu.Unlock()
	select {
	case s.added <- struct{}{}:
	default:
	}
}

// Remove is the opposite of Add.
func (s *Sweeper[Q]) Remove(q Q) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.queues, q)
}

func (s *Sweeper[Q]) list() []Q {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Q, 0, len(s.queues))
	for q := range s.queues {
		list = append(list, q)
	}
	return list
}

// Ask returns after the queues that are due have been swept by Run, or when ctx is done.
func (s *Sweeper[Q]) Ask(ctx context.Context, due func(Q) bool) {
	r := request[Q]{due, make(chan struct{})}
	select {
	case s.asked <- r:
		<-r.done
	case <-ctx.Done():
	}
}

// Run sweeps until ctx is done.
func (s *Sweeper[Q]) Run(ctx context.Context) {
	var added chan struct{} // nil while a timer runs: no sooner sweep is needed
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-s.asked:
			s.run(ctx, slices.DeleteFunc(s.list(), func(q Q) bool { return !r.due(q) }))
			close(r.done)
			continue
		case <-added:
		case <-timer.C:
		}
		began, queues := time.Now(), s.list()
		s.run(ctx, queues)
		if added = s.added; len(queues) > 0 {
			added = nil
			timer.Reset(max(Every, rest*time.Since(began)))
		}
	}
}

func (s *Sweeper[Q]) run(ctx context.Context, queues []Q) {
	for _, q := range queues {
		if ctx.Err() != nil || s.full() {
			return
		}
		s.sweep(q, ctx)
	}
}
