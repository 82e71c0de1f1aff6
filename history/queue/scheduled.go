package queue

import (
	"cmp"
	"slices"

	"sidehook/history/internal/clock"
)

// scheduled is a delivery that was attempted, or taken out of the prefetched ones,
// and is due at a time. Its body is not held: it is read again then.
type scheduled struct {
	Item
	due clock.Mono // as all times here, on the monotonic clock
	attemptState
	key string // of which it is the first; see ordering
}

// attemptState is how the attempts at a delivery have gone so far.
type attemptState struct {
	attempts    int        // that used up a step of the schedule
	throttled   bool       // the receiver answered the last one by asking to wait
	since       clock.Mono // when the first of such answers in a row came, while throttled
	until       clock.Mono // when the receiver may be asked again, while throttled
	last        clock.Mono // when the last attempt ended
	originalDue clock.Mono // when it is due by its schedule, if it was pulled forward
}

// retryHeap is a heap, the delivery that is due first on top.
type retryHeap []scheduled

func (h *retryHeap) push(s scheduled) {
	s.Body = nil
	*h = append(*h, s)
	h.up(len(*h) - 1)
}

// remove takes out the delivery at an index.
func (h *retryHeap) remove(i int) scheduled {
	old := *h
	s, last := old[i], len(old)-1
	old[i] = old[last]
	old[last] = scheduled{}
	*h = old[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
	return s
}

// sort makes a heap of any order: a sorted slice is one.
func (h retryHeap) sort() {
	slices.SortFunc(h, func(a, b scheduled) int { return cmp.Compare(a.due, b.due) })
}

func (h retryHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].due <= h[i].due {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

func (h retryHeap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if right := child + 1; right < len(h) && h[right].due < h[child].due {
			child = right
		}
		if h[i].due <= h[child].due {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
