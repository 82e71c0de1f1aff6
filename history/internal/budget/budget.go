// Package budget bounds the bytes of the events that are in flight, of all queues
// together: from a claim to the end of its lease. Events beyond the bound stay on
// disk. Package queue asks it at each claim and at each end of a lease.
package budget

import (
	"sync"
	"sync/atomic"
	"time"
)

// Budget is the bytes that may be in flight. It is for concurrent use.
//
//	I1  Small bodies have an eighth of the limit to themselves, and cost two
//	    atomic additions a delivery. So a webhook of small events never waits
//	    for the large ones of others.
//	I2  Of the rest, a queue that has nothing in flight may take what is free. A
//	    queue that has some may take more only until it has as much as is left
//	    free. So a few webhooks whose receivers hang leave room for the next one.
//	I3  Webhooks in doubt have at most half of the rest together. So however many
//	    hang, those that are known to be well go on, also after a restart.
//	I4  A queue that has nothing in flight and finds no room waits in a line. It
//	    is woken in its turn, and no other overtakes it. A queue that has some in
//	    flight does not wait in a line: it asks again when that ends.
//	I5  A body that is larger than its part may go when it would be alone there.
//	I6  A queue that is woken and does not come in time loses its turn. Every queue
//	    in a line asks again each second (package deliver), so none waits forever.
type Budget struct {
	limit int64
	floor int64
	small atomic.Int64

	waiting  atomic.Int32 // how many are in a line or have the turn
	mu       sync.Mutex
	large    int64 // bytes
	doubtful int64 // of large, those of webhooks in doubt
	lines    [2][]waiter
	tickets  uint64
	turn     *Share // may come now, before all that are in a line
	since    time.Time
}

// lines are indexed by whether the webhook is in doubt.
const (
	well = iota
	inDoubt
)

// waiter is a queue in a line.
type waiter struct {
	*Share
	bytes  int64
	ticket uint64
}

// Share is the part of the large bodies that one queue has in flight. It belongs to the
// Budget.
type Share struct {
	Wake func() // is called when the queue may ask again, without a lock held

	bytes int64
	waits bool // in a line
}

// Charge is the room that one lease has taken. The zero Charge is none.
type Charge struct {
	bytes int64
	part  part
}

// None reports whether nothing was taken.
func (c Charge) None() bool { return c.part == noPart }

type part int8

const (
	noPart part = iota
	smallPart
	largePart
	doubtfulPart
)

const (
	// Small is the largest body that counts as small, in the order of what a request
	// costs without its body.
	Small = 16 << 10
	// turnTime is how long the queue that was woken has to come.
	turnTime = 200 * time.Millisecond
)

// New returns a budget of so many bytes. Each body counts for floor at least,
// which is Small at most.
func New(limit, floor int64) *Budget {
	return &Budget{limit: limit, floor: min(floor, Small)}
}

// Limit is how many bytes may be in flight.
func (b *Budget) Limit() int64 { return b.limit }

// smallShare is the part of the limit that is for small bodies alone.
func (b *Budget) smallShare() int64 { return b.limit / 8 }

func (b *Budget) largeShare() int64 { return b.limit - b.smallShare() }

// TakeSmall takes room for a small body. It reports false if the body is large, or
// all that small bodies have is taken: then TakeLarge decides.
func (b *Budget) TakeSmall(bytes int64) (Charge, bool) {
	bytes = max(bytes, b.floor)
	if bytes > Small {
		return Charge{}, false
	}
	if b.small.Add(bytes) <= b.smallShare() {
		return Charge{bytes, smallPart}, true
	}
	b.small.Add(-bytes)
	return Charge{}, false
}

// TakeLarge takes room for a body among the large ones. If it reports false, a
// queue that has nothing in flight is woken when it may ask again.
func (b *Budget) TakeLarge(s *Share, bytes int64, doubt bool) (Charge, bool) {
	bytes = max(bytes, b.floor)
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.turn == s
	if own {
		b.endTurnLocked()
	}
	if !b.mayLocked(s, bytes, doubt, own) {
		b.waitLocked(s, bytes, doubt, own)
		return Charge{}, false
	}
	b.large += bytes
	s.bytes += bytes
	if doubt {
		b.doubtful += bytes
		return Charge{bytes, doubtfulPart}, true
	}
	return Charge{bytes, largePart}, true
}

// mayLocked reports whether a queue may take so many bytes now. In its own turn no
// other goes before it.
func (b *Budget) mayLocked(s *Share, bytes int64, doubt, own bool) bool {
	if !own && b.turn != nil && time.Since(b.since) < turnTime {
		return false
	}
	if !own && (b.firstLocked() != nil || doubt && len(b.lines[inDoubt]) > 0) {
		return false
	}
	if s.bytes == 0 {
		return b.fitsLocked(bytes, doubt)
	}
	free := b.largeShare() - b.large
	if doubt {
		free = min(free, b.largeShare()/2-b.doubtful)
	}
	return s.bytes+bytes <= free-bytes
}

// fitsLocked reports whether there is room for a queue that has nothing in flight.
func (b *Budget) fitsLocked(bytes int64, doubt bool) bool {
	if doubt && !b.doubtfulFitsLocked(bytes) {
		return false
	}
	return b.large == 0 || b.large+bytes <= b.largeShare()
}

func (b *Budget) doubtfulFitsLocked(bytes int64) bool {
	return b.doubtful == 0 || b.doubtful+bytes <= b.largeShare()/2
}

// firstLocked returns the line whose first queue is the next to go, nil if there
// is none. Webhooks in doubt do not delay others while their half is full.
func (b *Budget) firstLocked() *[]waiter {
	others, doubtful := &b.lines[well], &b.lines[inDoubt]
	switch {
	case len(*doubtful) == 0 || !b.doubtfulFitsLocked((*doubtful)[0].bytes):
	case len(*others) == 0 || (*doubtful)[0].ticket < (*others)[0].ticket:
		return doubtful
	}
	if len(*others) == 0 {
		return nil
	}
	return others
}

// waitLocked puts a queue into its line, unless it has something in flight, whose
// end makes it ask again. A queue that came in its turn stays first.
func (b *Budget) waitLocked(s *Share, bytes int64, doubt, own bool) {
	if s.waits || s.bytes > 0 {
		return
	}
	line := &b.lines[well]
	if doubt {
		line = &b.lines[inDoubt]
	}
	w := waiter{s, bytes, 0}
	s.waits = true
	b.waiting.Add(1)
	if own {
		*line = append([]waiter{w}, *line...)
		return
	}
	b.tickets++
	w.ticket = b.tickets
	*line = append(*line, w)
}

// Return takes back what a lease had, and wakes the queue that may go now.
func (b *Budget) Return(s *Share, c Charge) {
	switch c.part {
	case noPart:
		return
	case smallPart:
		b.small.Add(-c.bytes)
		return
	}
	b.mu.Lock()
	b.large -= c.bytes
	s.bytes -= c.bytes
	if c.part == doubtfulPart {
		b.doubtful -= c.bytes
	}
	next := b.nextLocked()
	b.mu.Unlock()
	if next != nil {
		next.Wake()
	}
}

// Asked ends the turn of a queue, if it has it, when a claim of it is over: the
// next queue is woken.
func (b *Budget) Asked(s *Share) {
	if b.waiting.Load() == 0 {
		return
	}
	b.mu.Lock()
	if b.turn == s {
		b.endTurnLocked()
	}
	next := b.nextLocked()
	b.mu.Unlock()
	if next != nil {
		next.Wake()
	}
}

// nextLocked begins the turn of the first queue in the lines, if there is room.
func (b *Budget) nextLocked() *Share {
	if b.turn != nil && time.Since(b.since) < turnTime {
		return nil
	}
	if b.turn != nil {
		b.endTurnLocked()
	}
	line := b.firstLocked()
	if line == nil || !b.fitsLocked((*line)[0].bytes, line == &b.lines[inDoubt]) {
		return nil
	}
	s := (*line)[0].Share
	(*line)[0] = waiter{}
	*line = (*line)[1:]
	s.waits = false
	b.turn, b.since = s, time.Now()
	return s
}

func (b *Budget) endTurnLocked() {
	b.turn = nil
	b.waiting.Add(-1)
}

// InFlight is how many bytes are.
func (b *Budget) InFlight() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.small.Load() + b.large
}
