// Package clock tells how old a record is, although the wall clock that stamps
// records may be set at any moment.
package clock

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
)

// Clock says how old a record is. The wall clock stamps records, and may be
// set at any moment; ages run on the monotonic clock. What joins the two is a
// list of the steps that the wall clock made, each with the number of the first
// record behind it: the age of a record is the wall time since it was stamped,
// without the steps in between. Across a stop the wall clock is believed, as
// nothing else knows how long it was, unless it went further than `keep`: that
// is a step, too. The cursors keep the list.
type Clock struct {
	Wall    func() time.Time
	log     *slog.Logger
	began   time.Time // on the monotonic clock
	started int64     // the same moment on the wall clock, in Unix nanoseconds

	mu    sync.Mutex
	next  history.Seq // the first record that is not stamped yet
	Steps atomic.Pointer[Steps]
}

// Steps are replaced, not changed.
type Steps struct {
	List []Step        // by seq
	here time.Duration // the sum of those made since the start
}

// Step is a jump of the wall clock ahead of a record.
type Step struct {
	Seq history.Seq
	By  time.Duration
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

func New(wall func() time.Time, log *slog.Logger) *Clock {
	if wall == nil {
		wall = time.Now
	}
	c := &Clock{Wall: wall, log: log, began: time.Now(), started: wall().UnixNano()}
	c.Steps.Store(&Steps{})
	return c
}

// Began is the start, on the monotonic clock.
func (c *Clock) Began() time.Time { return c.began }

// Now is the moment that it is.
func (c *Clock) Now() Mono { return Mono(time.Since(c.began)) }

// Age is how long ago a record was stamped, at a moment.
func (c *Clock) Age(seq history.Seq, stamped int64, now Mono) time.Duration {
	s := c.Steps.Load()
	age := time.Duration(c.started-stamped) + time.Duration(now) + s.here
	for i := len(s.List) - 1; i >= 0 && s.List[i].Seq > seq; i-- {
		age -= s.List[i].By
	}
	return age
}

// Stamp is the time for the records from next on, of which there may be so many
// until stamped tells how many there were.
func (c *Clock) Stamp(next history.Seq, most int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
	now := c.look()
	c.next += history.Seq(most)
	return now
}

// Stamped tells which record comes next.
func (c *Clock) Stamped(next history.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
}

// Check notices a step of the wall clock while nothing is stamped, and says
// what time it is.
func (c *Clock) Check() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.look()
}

// look reads the wall clock, and notices if it was set. The clock is locked.
func (c *Clock) look() time.Time {
	now := c.Wall()
	expected := c.started + int64(c.Now()) + int64(c.Steps.Load().here)
	if by := time.Duration(now.UnixNano() - expected); by.Abs() >= leastStep {
		c.add(Step{c.next, by}, by)
		c.log.Warn("the clock was set: waits and ages go on as if it had not been", "by", by.Round(time.Millisecond))
	}
	return now
}

// Resume takes up the steps of former processes. The last times that these
// stamped tell how far the clock went while none ran; next is the first record
// of this one. It reports whether that is a step.
func (c *Clock) Resume(before []Step, last []time.Time, next history.Seq, keep time.Duration) bool {
	c.next = next
	c.Steps.Store(&Steps{List: before})
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
	c.add(Step{next, gap}, 0)
	c.log.Warn("the clock went further than is believed while sidehook did not run: what waits is taken for as old as it was at the stop, and nothing expires by that",
		"by", gap.Round(time.Second), "believed", keep)
	return true
}

// add puts a step behind the others. The clock is locked, or not yet shared.
func (c *Clock) add(s Step, here time.Duration) {
	old := c.Steps.Load()
	list := append(old.List[:len(old.List):len(old.List)], s)
	if len(list) > maxSteps {
		list = list[1:]
		list[0].By += old.List[0].By
	}
	c.Steps.Store(&Steps{list, old.here + here})
}
