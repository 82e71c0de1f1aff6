package queue

import (
	"cmp"
	"slices"

	"sidehook/history/internal/clock"
)

// scheduled is a delivery that was begun, and goes on at a time. Its body is not
// held: it is read again when the time comes.
type scheduled struct {
	Item
	due clock.Mono
	attemptState
	key string // whose line it is the first of; see ordering
}

// attemptState is how the attempts at a delivery have gone so far. As in a wait, times
// are on the journal's monotonic clock.
type attemptState struct {
	attempts  int        // that used up a step of the schedule so far
	throttled bool       // by the last of them the receiver asked to be left alone
	since     clock.Mono // when the row of such answers began, while throttled
	until     clock.Mono // when the receiver may be asked again, while throttled
	last      clock.Mono // when the last attempt ended
	back      clock.Mono // when it is due by its schedule, if it was advanced
}

// retryHeap is a heap, the delivery that is due first on top.
type retryHeap []scheduled

func (w *retryHeap) push(x scheduled) {
	x.Body = nil
	*w = append(*w, x)
	w.rise(len(*w) - 1)
}

// remove takes out the one at a place.
func (w *retryHeap) remove(i int) scheduled {
	h := *w
	x := h[i]
	last := len(h) - 1
	h[i] = h[last]
	h[last] = scheduled{}
	*w = h[:last]
	if i < last {
		w.sink(i)
		w.rise(i)
	}
	return x
}

// order makes a heap of any order: a sorted slice is one.
func (w retryHeap) order() {
	slices.SortFunc(w, func(a, b scheduled) int { return cmp.Compare(a.due, b.due) })
}

func (w retryHeap) rise(i int) {
	for i > 0 {
		up := (i - 1) / 2
		if w[up].due <= w[i].due {
			return
		}
		w[i], w[up] = w[up], w[i]
		i = up
	}
}

func (w retryHeap) sink(i int) {
	for {
		down := 2*i + 1
		if down >= len(w) {
			return
		}
		if right := down + 1; right < len(w) && w[right].due < w[down].due {
			down = right
		}
		if w[i].due <= w[down].due {
			return
		}
		w[i], w[down] = w[down], w[i]
		i = down
	}
}

// hasten makes those that match due now, and says how many do.
func (w retryHeap) hasten(now clock.Mono, match func(*scheduled) bool) (n int) {
	for i := range w {
		if match(&w[i]) {
			n++
			w[i].due = min(w[i].due, now)
		}
	}
	w.order()
	return n
}
