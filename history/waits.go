package history

import (
	"slices"
	"time"

	"sidehook/history/segment"
)

// item is one delivery that has not ended: an event, or the resend of one, for
// one webhook.
type item struct {
	seq      uint64
	of       uint64        // for a resend, the seq of its event; else 0
	place    segment.Place // of the record seq; zero: to be looked up by its number
	accepted int64         // when, in Unix nanoseconds; 0 if not known
	body     *body         // in memory, or nil: to be read at place
}

// body is what a delivery needs of an event, shared by all webhooks that get it.
type body struct {
	json    []byte
	filled  []string
	expires int64 // its expirytime in Unix nanoseconds; 0: none, or of no account
}

// size is what the item counts for in a backlog, in bytes of the file.
func (i *item) size() int64 { return int64(i.place.Length) }

// held is what its body takes in memory.
func (i *item) held() int64 {
	if i.body == nil {
		return 0
	}
	return int64(len(i.body.json))
}

// wait is a delivery that was begun, and goes on at a time. Its body is not
// held: it is read again when the time comes.
type wait struct {
	item
	due      time.Duration // on the journal's monotonic clock
	attempts int           // made so far
}

// waits is a heap, the delivery that is due first on top.
type waits []wait

func (w *waits) push(x wait) {
	x.body = nil
	h := append(*w, x)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up].due <= h[i].due {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	*w = h
}

func (w *waits) pop() wait {
	h := *w
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = wait{}
	h = h[:last]
	h.sink(0)
	*w = h
	return top
}

// order makes a heap of any order: a sorted slice is one.
func (w waits) order() {
	slices.SortFunc(w, func(a, b wait) int { return int(a.due - b.due) })
}

func (w waits) sink(i int) {
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
func (w waits) hasten(now time.Duration, match func(*wait) bool) (n int) {
	for i := range w {
		if match(&w[i]) {
			n++
			w[i].due = min(w[i].due, now)
		}
	}
	w.order()
	return n
}
