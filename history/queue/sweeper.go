package queue

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// sweepEvery is how often the queues are swept.
	sweepEvery = time.Second
	// A sweep that took long is not repeated for this many times as long.
	sweepRest = 20
)

// sweeper knows the queues that may have something to end (X3). Ten thousand queues
// with nothing pending are not among them, and cost nothing.
type sweeper struct {
	mu     sync.Mutex
	queues map[*Queue]struct{}
	added  chan struct{}      // some were added
	room   chan chan struct{} // requests of MakeRoom; closed when they are done
}

func newSweeper() *sweeper {
	return &sweeper{queues: map[*Queue]struct{}{}, added: make(chan struct{}, 1), room: make(chan chan struct{})}
}

// add and remove are called with the queue locked.
func (s *sweeper) add(q *Queue) {
	s.mu.Lock()
	s.queues[q] = struct{}{}
	s.mu.Unlock()
	select {
	case s.added <- struct{}{}:
	default:
	}
}

func (s *sweeper) remove(q *Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.queues, q)
}

func (s *sweeper) list() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Queue, 0, len(s.queues))
	for q := range s.queues {
		list = append(list, q)
	}
	return list
}

// MakeRoom returns once the backlogs are no larger than their limits.
func (s *Set) MakeRoom(ctx context.Context) {
	done := make(chan struct{})
	select {
	case s.sweeper.room <- done:
		<-done
	case <-ctx.Done():
	}
}

// Sweep ends what has expired, until ctx is done.
func (s *Set) Sweep(ctx context.Context) {
	var added chan struct{} // nil while a timer runs: no sooner sweep is needed
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case done := <-s.sweeper.room:
			s.sweep(ctx, slices.DeleteFunc(s.sweeper.list(), func(q *Queue) bool { return !q.over() }))
			close(done)
			continue
		case <-added:
		case <-timer.C:
		}
		began, queues := time.Now(), s.sweeper.list()
		s.sweep(ctx, queues)
		if added = s.sweeper.added; len(queues) > 0 {
			added = nil
			timer.Reset(max(sweepEvery, sweepRest*time.Since(began)))
		}
	}
}

func (s *Set) sweep(ctx context.Context, queues []*Queue) {
	for _, q := range queues {
		if ctx.Err() != nil || s.ledger.Full() {
			return
		}
		q.sweep(ctx)
	}
}

// over reports whether the backlog is larger than its limit.
func (q *Queue) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.overLocked() > 0
}
