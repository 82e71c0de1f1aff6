package deliver

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timers wake workers. A worker has at most one timer, so all waits of all
// webhooks are one heap and one timer of the runtime.
type timers struct {
	mu      sync.Mutex
	heap    timerHeap
	changed chan struct{} // the first timer has
}

// timer is a worker's place in the heap.
type timer struct {
	at    time.Time
	place int // from 1; 0: it is not in the heap
}

func newTimers() *timers { return &timers{changed: make(chan struct{}, 1)} }

// set wakes w at a time, and no more at the time before; zero: not at all.
func (t *timers) set(w *worker, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case w.timer.place > 0 && at.IsZero():
		heap.Remove(&t.heap, w.timer.place-1)
	case w.timer.place > 0:
		w.timer.at = at
		heap.Fix(&t.heap, w.timer.place-1)
	case !at.IsZero():
		w.timer.at = at
		heap.Push(&t.heap, w)
	}
	if w.timer.place == 1 {
		select {
		case t.changed <- struct{}{}:
		default:
		}
	}
}

// run wakes workers until ctx is done.
func (t *timers) run(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.changed:
		case <-next.C:
		}
		next.Reset(t.fire())
	}
}

// fire wakes the workers whose time has come, and returns how long to wait for
// the next one.
func (t *timers) fire() time.Duration {
	for {
		t.mu.Lock()
		if len(t.heap) == 0 {
			t.mu.Unlock()
			return time.Hour
		}
		w := t.heap[0]
		if wait := time.Until(w.timer.at); wait > 0 {
			t.mu.Unlock()
			return wait
		}
		heap.Pop(&t.heap)
		t.mu.Unlock()
		w.wake()
	}
}

type timerHeap []*worker

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].timer.at.Before(h[j].timer.at) }

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].timer.place, h[j].timer.place = i+1, j+1
}

func (h *timerHeap) Push(x any) {
	w := x.(*worker)
	*h = append(*h, w)
	w.timer.place = len(*h)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	w.timer.place = 0
	return w
}
