package queue

import (
	"sync"
	"sync/atomic"
	"time"
)

// underWay bounds the bytes of the events that are under way, of all queues
// together: from a claim to the end of its lease. What is beyond waits on the
// disk.
//
//	M1  Small bodies have an eighth of the limit to themselves, and cost two
//	    atomic additions a delivery. So a webhook of small events never waits
//	    for the large ones of others.
//	M2  Of the rest a queue that has nothing of it may take what is free; one
//	    that has some may take on until it has as much as is left free. So a few
//	    webhooks whose receivers hang leave room for the next one.
//	M3  Webhooks in doubt, whose last attempt failed or that none has arrived at
//	    yet, have at most half of it together: however many hang, those that are
//	    known to be well go on, also after a restart (Row).
//	M4  A queue that has nothing of it and finds no room waits in a line, and is
//	    woken in its turn; nobody passes it. One that has some does not wait: it
//	    comes again when that ends.
//	M5  A body that is larger than its part goes when it would be alone in it.
//	M6  Whoever was woken and does not come loses its turn; everybody in the
//	    line asks again each second (deliver's lookAgain), so none waits for good.
type underWay struct {
	limit atomic.Int64
	least int64 // that each counts for, however small
	small atomic.Int64

	waiting  atomic.Int32 // how many are in the lines, or have their turn
	mu       sync.Mutex
	large    int64       // bytes
	doubtful int64       // of large, those of webhooks in doubt
	lines    [2][]inLine // of webhooks in doubt the second one
	tickets  uint64
	turn     *Queue // may come now, ahead of all in the lines
	since    time.Time
}

// inLine is a queue that waits for its turn.
type inLine struct {
	*Queue
	bytes  int64
	ticket uint64
}

// share is what a queue has of the large bodies. It belongs to the lock of
// underWay.
type share struct {
	bytes int64
	waits bool // in a line
}

// charge is what a lease has taken.
type charge struct {
	bytes int64
	part  part
}

type part int8

const (
	noPart part = iota
	smallPart
	largePart
	doubtfulPart
)

const (
	// DefaultBodies is how many bytes of bodies are under way at most.
	DefaultBodies = 64 << 20
	// smallBody is in the order of what a request costs without its body.
	smallBody = 16 << 10
	// maxReads is how many claims read the files at a time: each takes the memory
	// of the lines that it looks at.
	maxReads = 4
	// turnTime is how long the one that was woken has to come.
	turnTime = 200 * time.Millisecond
)

// smallShare is the part of the limit that is for small bodies alone.
func (u *underWay) smallShare() int64 { return u.limit.Load() / 8 }

func (u *underWay) largeShare() int64 { return u.limit.Load() - u.smallShare() }

// take is false if so many bytes may not be under way now. A queue that has
// nothing under way is woken then when it may ask again.
func (u *underWay) take(q *Queue, bytes int64, pick ClaimMode) (charge, bool) {
	bytes = max(bytes, u.least)
	if bytes <= smallBody {
		if u.small.Add(bytes) <= u.smallShare() {
			return charge{bytes, smallPart}, true
		}
		u.small.Add(-bytes)
	}
	inDoubt := pick == Oldest || q.row.inDoubt()
	u.mu.Lock()
	defer u.mu.Unlock()
	own := u.turn == q
	if own {
		u.endTurnLocked()
	}
	if !u.mayLocked(q, bytes, inDoubt, own) {
		u.waitLocked(q, bytes, inDoubt, own)
		return charge{}, false
	}
	c := charge{bytes, largePart}
	u.large += bytes
	q.share.bytes += bytes
	if inDoubt {
		c.part = doubtfulPart
		u.doubtful += bytes
	}
	return c, true
}

// mayLocked reports whether a queue may take so many bytes now. In its own turn
// nobody is before it.
func (u *underWay) mayLocked(q *Queue, bytes int64, inDoubt, own bool) bool {
	if !own && u.turn != nil && time.Since(u.since) < turnTime {
		return false
	}
	if !own && (u.firstLocked() != nil || inDoubt && len(u.lines[1]) > 0) {
		return false
	}
	if q.share.bytes == 0 {
		return u.fitsLocked(bytes, inDoubt)
	}
	free := u.largeShare() - u.large
	if inDoubt {
		free = min(free, u.largeShare()/2-u.doubtful)
	}
	return q.share.bytes+bytes <= free-bytes
}

// fitsLocked reports whether there is room for a queue that has nothing.
func (u *underWay) fitsLocked(bytes int64, inDoubt bool) bool {
	if inDoubt && !u.doubtfulFitsLocked(bytes) {
		return false
	}
	return u.large == 0 || u.large+bytes <= u.largeShare()
}

func (u *underWay) doubtfulFitsLocked(bytes int64) bool {
	return u.doubtful == 0 || u.doubtful+bytes <= u.largeShare()/2
}

// firstLocked is the line whose first one is the next to go, nil if there is
// none. Webhooks in doubt hold up no others while their half is full.
func (u *underWay) firstLocked() *[]inLine {
	others, doubtful := &u.lines[0], &u.lines[1]
	switch {
	case len(*doubtful) == 0 || !u.doubtfulFitsLocked((*doubtful)[0].bytes):
		doubtful = nil
	case len(*others) == 0 || (*doubtful)[0].ticket < (*others)[0].ticket:
		return doubtful
	}
	if len(*others) == 0 {
		return nil
	}
	return others
}

// waitLocked puts a queue into its line, unless something of it is under way:
// whose end will have it ask again. One that came in its turn stays first.
func (u *underWay) waitLocked(q *Queue, bytes int64, inDoubt, own bool) {
	if q.share.waits || q.share.bytes > 0 {
		return
	}
	line := &u.lines[0]
	if inDoubt {
		line = &u.lines[1]
	}
	w := inLine{q, bytes, 0}
	q.share.waits = true
	u.waiting.Add(1)
	if own {
		*line = append([]inLine{w}, *line...)
		return
	}
	u.tickets++
	w.ticket = u.tickets
	*line = append(*line, w)
}

// give takes back what a lease had, and returns a queue to wake, or nil.
func (u *underWay) give(q *Queue, c charge) *Queue {
	switch c.part {
	case noPart:
		return nil
	case smallPart:
		u.small.Add(-c.bytes)
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.large -= c.bytes
	q.share.bytes -= c.bytes
	if c.part == doubtfulPart {
		u.doubtful -= c.bytes
	}
	return u.nextLocked()
}

// next is called when a claim of a queue has ended: if it was its turn it is
// another one's now, which is returned to be woken.
func (u *underWay) next(q *Queue) *Queue {
	if u.waiting.Load() == 0 {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.turn == q {
		u.endTurnLocked()
	}
	return u.nextLocked()
}

// nextLocked begins the turn of the first one in the lines, if there is room.
func (u *underWay) nextLocked() *Queue {
	if u.turn != nil && time.Since(u.since) < turnTime {
		return nil
	}
	if u.turn != nil {
		u.endTurnLocked()
	}
	line := u.firstLocked()
	if line == nil || !u.fitsLocked((*line)[0].bytes, line == &u.lines[1]) {
		return nil
	}
	q := (*line)[0].Queue
	(*line)[0] = inLine{}
	*line = (*line)[1:]
	q.share.waits = false
	u.turn, u.since = q, time.Now()
	return q
}

func (u *underWay) endTurnLocked() {
	u.turn = nil
	u.waiting.Add(-1)
}

// Bodies bounds the bytes of the events that are under way.
func (s *Set) Bodies() int64 { return s.underWay.limit.Load() }

// bytes is what is under way.
func (u *underWay) bytes() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.small.Load() + u.large
}

// keep counts a body in one more window, and is false if there is no room for
// it. It counts once, however many windows hold it.
func (s *Set) keep(b *Body) bool {
	if b == nil || b.windows.Add(1) > 1 {
		return true
	}
	if s.held.Add(int64(len(b.JSON))) <= s.underWay.limit.Load()/4 {
		return true
	}
	s.drop(b)
	return false
}

// drop is the opposite of keep.
func (s *Set) drop(b *Body) {
	if b != nil && b.windows.Add(-1) == 0 {
		s.held.Add(-int64(len(b.JSON)))
	}
}
