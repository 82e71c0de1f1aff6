package deliver

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// alarms wake workers at a time. A worker has one alarm at most, so all waits
// of all webhooks are one heap and one timer.
type alarms struct {
	mu   sync.Mutex
	heap alarmHeap
	kick chan struct{}
}

// alarm is a worker's place in the heap.
type alarm struct {
	at    time.Time
	place int // from 1; 0: none is set
}

func newAlarms() *alarms { return &alarms{kick: make(chan struct{}, 1)} }

// set wakes w at a time, and at no other; not at all if that is zero.
func (a *alarms) set(w *worker, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case w.alarm.place > 0 && at.IsZero():
		heap.Remove(&a.heap, w.alarm.place-1)
	case w.alarm.place > 0:
		w.alarm.at = at
		heap.Fix(&a.heap, w.alarm.place-1)
	case !at.IsZero():
		w.alarm.at = at
		heap.Push(&a.heap, w)
	}
	if w.alarm.place == 1 {
		select {
		case a.kick <- struct{}{}:
		default:
		}
	}
}

// run wakes workers until ctx is done.
func (a *alarms) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.kick:
		case <-timer.C:
		}
		timer.Reset(a.ring())
	}
}

// ring wakes those whose time has come, and says when the next one's will.
func (a *alarms) ring() time.Duration {
	for {
		a.mu.Lock()
		if len(a.heap) == 0 {
			a.mu.Unlock()
			return time.Hour
		}
		w := a.heap[0]
		if wait := time.Until(w.alarm.at); wait > 0 {
			a.mu.Unlock()
			return wait
		}
		heap.Pop(&a.heap)
		a.mu.Unlock()
		w.wake()
	}
}

type alarmHeap []*worker

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].alarm.at.Before(h[j].alarm.at) }

func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].alarm.place, h[j].alarm.place = i+1, j+1
}

func (h *alarmHeap) Push(x any) {
	w := x.(*worker)
	*h = append(*h, w)
	w.alarm.place = len(*h)
}

func (h *alarmHeap) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	w.alarm.place = 0
	return w
}
