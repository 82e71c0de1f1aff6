package pending

import (
	"cmp"
	"slices"

	"sidehook/history/internal/clock"
)

// Scheduled is a delivery that was attempted, or taken out of the prefetched ones,
// and is due at a time. Its body is not held: it is read again then.
type Scheduled struct {
	Item
	Due clock.Mono
	Attempts
	Key string // the delivery is the first of this key (Keys); "": none
}

// Attempts is how the attempts at a delivery have gone so far.
type Attempts struct {
	Count       int        // of the attempts that used up a step of the schedule
	Throttled   bool       // the receiver answered the last one by asking to wait
	Since       clock.Mono // when the first of such answers in a row came, while throttled
	Until       clock.Mono // when the receiver may be asked again, while throttled
	Last        clock.Mono // when the last attempt ended
	OriginalDue clock.Mono // when it is due by its schedule, if it was pulled forward
}

// Heap is a binary heap with the delivery that is due first on top.
type Heap []Scheduled

// Push adds a delivery, without its body.
func (h *Heap) Push(s Scheduled) {
	s.Body = nil
	*h = append(*h, s)
	h.up(len(*h) - 1)
}

// Remove takes out the delivery at an index.
func (h *Heap) Remove(i int) Scheduled {
	old := *h
	s, last := old[i], len(old)-1
	old[i] = old[last]
	old[last] = Scheduled{}
	*h = old[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
	return s
}

// Sort makes a heap of any order: a sorted slice is one.
func (h Heap) Sort() {
	slices.SortFunc(h, func(a, b Scheduled) int { return cmp.Compare(a.Due, b.Due) })
}

func (h Heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].Due <= h[i].Due {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

func (h Heap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if right := child + 1; right < len(h) && h[right].Due < h[child].Due {
			child = right
		}
		if h[i].Due <= h[child].Due {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
