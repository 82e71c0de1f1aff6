package history

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// clock says how old a record is. The wall clock stamps records, and may be
// set at any moment; ages run on the monotonic clock. What joins the two is a
// list of the steps that the wall clock made, each with the number of the first
// record behind it: the age of a record is the wall time since it was stamped,
// without the steps in between. Across a stop the wall clock is believed, as
// nothing else knows how long it was, unless it went further than `keep`: that
// is a step, too. The cursors keep the list.
type clock struct {
	wall    func() time.Time
	log     *slog.Logger
	began   time.Time // on the monotonic clock
	started int64     // the same moment on the wall clock, in Unix nanoseconds

	mu    sync.Mutex
	next  uint64 // the first record that is not stamped yet
	steps atomic.Pointer[steps]
}

// steps are replaced, not changed.
type steps struct {
	list []step        // by seq
	here time.Duration // the sum of those made since the start
}

// step is a jump of the wall clock ahead of a record.
type step struct {
	seq uint64
	by  time.Duration
}

const (
	// What is less than leastStep is not told from a clock that is being
	// steered.
	leastStep = 5 * time.Second
	// maxSteps bounds the list. Of more, the oldest are taken for one.
	maxSteps = 100
	// defaultKeep is the default of `keep`.
	defaultKeep = 30 * 24 * time.Hour
)

func newClock(wall func() time.Time, log *slog.Logger) *clock {
	if wall == nil {
		wall = time.Now
	}
	c := &clock{wall: wall, log: log, began: time.Now(), started: wall().UnixNano()}
	c.steps.Store(&steps{})
	return c
}

// mono is the time since the start.
func (c *clock) mono() time.Duration { return time.Since(c.began) }

// age is how long ago a record was stamped, at a time of mono.
func (c *clock) age(seq uint64, stamped int64, mono time.Duration) time.Duration {
	s := c.steps.Load()
	age := time.Duration(c.started-stamped) + mono + s.here
	for i := len(s.list) - 1; i >= 0 && s.list[i].seq > seq; i-- {
		age -= s.list[i].by
	}
	return age
}

// stamp is the time for the records from next on, of which there may be so many
// until stamped tells how many there were.
func (c *clock) stamp(next uint64, most int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
	now := c.look()
	c.next += uint64(most)
	return now
}

// stamped tells which record comes next.
func (c *clock) stamped(next uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
}

// check notices a step of the wall clock while nothing is stamped, and says
// what time it is.
func (c *clock) check() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.look()
}

// look reads the wall clock, and notices if it was set. The clock is locked.
func (c *clock) look() time.Time {
	now := c.wall()
	expected := c.started + int64(c.mono()+c.steps.Load().here)
	if by := time.Duration(now.UnixNano() - expected); by.Abs() >= leastStep {
		c.add(step{c.next, by}, by)
		c.log.Warn("the clock was set: waits and ages go on as if it had not been", "by", by.Round(time.Millisecond))
	}
	return now
}

// resume takes up the steps of former processes. The last times that these
// stamped tell how far the clock went while none ran; next is the first record
// of this one. It says whether that is a step.
func (c *clock) resume(before []step, last []time.Time, next uint64, keep time.Duration) bool {
	c.next = next
	c.steps.Store(&steps{list: before})
	if len(last) == 0 {
		return false
	}
	// Any of them that is near says that the clock is right.
	gap := time.Duration(c.started - last[0].UnixNano())
	for _, at := range last[1:] {
		if g := time.Duration(c.started - at.UnixNano()); g.Abs() < gap.Abs() {
			gap = g
		}
	}
	if keep == 0 {
		keep = defaultKeep
	}
	if gap.Abs() <= keep {
		return false
	}
	c.add(step{next, gap}, 0)
	c.log.Warn("the clock went further than is believed while sidehook did not run: what waits is taken for as old as it was at the stop, and nothing expires by that",
		"by", gap.Round(time.Second), "believed", keep)
	return true
}

// add puts a step behind the others. The clock is locked, or not yet shared.
func (c *clock) add(s step, here time.Duration) {
	old := c.steps.Load()
	list := append(old.list[:len(old.list):len(old.list)], s)
	if len(list) > maxSteps {
		list = list[1:]
		list[0].by += old.list[0].by
	}
	c.steps.Store(&steps{list, old.here + here})
}
