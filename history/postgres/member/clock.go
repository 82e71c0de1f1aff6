package member

import (
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
)

// dbClock is the queue.Clock of a member. It shows the time of the database, which stamps
// the events, as of the last beat. It runs on while the database is away. If the clock of
// the database is set, ages grow as if it had not been.
type dbClock struct {
	began time.Time

	mu     sync.Mutex
	known  bool
	offset time.Duration // of the database's time, in Unix nanoseconds, from Now
	next   history.Seq   // the first record that may not be stamped yet
	steps  []step
}

// step is a jump of the database's clock before a record.
type step struct {
	seq history.Seq
	by  time.Duration
}

const (
	// leastStep is the smallest change that counts as a step. A clock that is being
	// adjusted makes smaller ones.
	leastStep = 5 * time.Second
	// maxSteps bounds the list: the oldest are joined.
	maxSteps = 100
)

// newClock returns a clock that shows the time of this machine until the first sync.
func newClock() *dbClock {
	now := time.Now()
	return &dbClock{began: now, offset: time.Duration(now.UnixNano())}
}

func (c *dbClock) Began() time.Time { return c.began }

func (c *dbClock) Now() clock.Mono { return clock.Mono(time.Since(c.began)) }

// Check returns the time of the database.
func (c *dbClock) Check() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(0, int64(c.offset)+int64(c.Now()))
}

// Age returns how long before a moment a record was stamped.
func (c *dbClock) Age(seq history.Seq, stamped int64, now clock.Mono) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := c.offset + time.Duration(now) - time.Duration(stamped)
	for i := len(c.steps) - 1; i >= 0 && c.steps[i].seq > seq; i-- {
		age -= c.steps[i].by
	}
	return age
}

// skew returns the database's time minus time.Now.
func (c *dbClock) skew() time.Duration { return c.Check().Sub(time.Now().Round(0)) }

// sync adjusts the clock to the database's time, which was read between two moments. It
// returns by how much the database's clock was set, 0 if it was not.
func (c *dbClock) sync(told time.Time, sent, received clock.Mono) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	unsure := received.Sub(sent)/2 + time.Millisecond
	by := time.Duration(told.UnixNano()) - time.Duration(sent) - received.Sub(sent)/2 - c.offset
	switch {
	case !c.known:
		c.known = true
	case by.Abs() <= unsure:
		return 0
	case by.Abs() < leastStep:
		c.offset += by
		return 0
	default:
		c.steps = append(c.steps, step{c.next, by})
		if len(c.steps) > maxSteps {
			c.steps[1].by += c.steps[0].by
			c.steps = c.steps[1:]
		}
		c.offset += by
		return by
	}
	c.offset += by
	return 0
}

// stamped records the last record that was read.
func (c *dbClock) stamped(last history.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = last + 1
}
