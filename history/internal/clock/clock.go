// Package clock owns the two clocks: it knows how old a record is, although the wall
// clock that stamps records may be set at any moment. Package journal reads records with
// it, and queue and retention ask it for ages.
package clock

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
)

// Clock knows how old a record is. The wall clock stamps records, and may be set at any
// moment; ages run on the monotonic clock. A list of the steps that the wall clock made
// joins the two, each with the number of the first record after it: the age of a record
// is the wall time since it was stamped, without the steps in between. Across a stop the
// wall clock is believed, because nothing else knows how long it was, unless it went
// further than `keep`: that is a step, too. The checkpoint keeps the list.
type Clock struct {
	Wall    func() time.Time
	log     *slog.Logger
	began   time.Time // on the monotonic clock
	started int64     // the same moment on the wall clock, in Unix nanoseconds

	mu    sync.Mutex
	next  history.Seq // the first record that is not stamped yet
	Steps atomic.Pointer[Steps]
}

// Steps is replaced, never changed.
type Steps struct {
	List []Step        // by seq
	here time.Duration // the sum of those made since the start
}

// Step is a jump of the wall clock before a record.
type Step struct {
	Seq history.Seq
	By  time.Duration
}

const (
	// leastStep is the smallest change that counts as a step. A clock that is
	// being adjusted makes smaller ones.
	leastStep = 5 * time.Second
	// maxSteps bounds the list. If there are more, the oldest are joined.
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

// Began returns the start, on the monotonic clock.
func (c *Clock) Began() time.Time { return c.began }

// Now returns the present moment.
func (c *Clock) Now() Mono { return Mono(time.Since(c.began)) }

// Age returns how long before a moment a record was stamped.
func (c *Clock) Age(seq history.Seq, stamped int64, now Mono) time.Duration {
	s := c.Steps.Load()
	age := time.Duration(c.started-stamped) + time.Duration(now) + s.here
	for i := len(s.List) - 1; i >= 0 && s.List[i].Seq > seq; i-- {
		age -= s.List[i].By
	}
	return age
}

// Stamp returns the time for the records from next on. There are at most so many of them;
// Stamped then gives their end.
func (c *Clock) Stamp(next history.Seq, most int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
	now := c.lookLocked()
	c.next += history.Seq(most)
	return now
}

// Stamped sets which record comes next.
func (c *Clock) Stamped(next history.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
}

// Check notices a step of the wall clock while nothing is stamped, and returns the time.
func (c *Clock) Check() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookLocked()
}

// lookLocked reads the wall clock, and notices if it was set.
func (c *Clock) lookLocked() time.Time {
	now := c.Wall()
	expected := c.started + int64(c.Now()) + int64(c.Steps.Load().here)
	if by := time.Duration(now.UnixNano() - expected); by.Abs() >= leastStep {
		c.add(Step{c.next, by}, by)
		c.log.Warn("the clock was set; waits and ages continue as if it had not been", "by", by.Round(time.Millisecond))
	}
	return now
}

// Resume sets the steps of former processes. last has the last times that they stamped;
// they show how far the wall clock went while no process ran. next is the first record of
// this process. Resume reports whether the clock went so far that it counts as a step.
func (c *Clock) Resume(before []Step, last []time.Time, next history.Seq, keep time.Duration) bool {
	c.next = next
	c.Steps.Store(&Steps{List: before})
	if len(last) == 0 {
		return false
	}
	// If any of them is near, the clock is right.
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
	c.log.Warn("the clock went further than is plausible while sidehook did not run; waiting deliveries keep the age that they had at the stop, and none expires because of it",
		"by", gap.Round(time.Second), "believed", keep)
	return true
}

// add adds a step. The clock is locked, or not shared yet.
func (c *Clock) add(s Step, here time.Duration) {
	old := c.Steps.Load()
	list := append(old.List[:len(old.List):len(old.List)], s)
	if len(list) > maxSteps {
		list = list[1:]
		list[0].By += old.List[0].By
	}
	c.Steps.Store(&Steps{list, old.here + here})
}
