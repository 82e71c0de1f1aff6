package queue

import (
	"math"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
)

// Limit is a setting that ends deliveries as expired: those that were accepted too
// long ago, or the oldest of a backlog that is too large.
type Limit struct {
	Setting string        // as the file has it, such as "expire_after 1h", for the error
	Age     time.Duration // since the acceptance, of a resend its own; 0: any
	Size    int64         // bytes of the backlog; 0: any
}

// never is a time that does not come.
const never = clock.Mono(math.MaxInt64)

// expiry is when deliveries end because they have waited too long: at a claim at the
// latest, and in a sweep, so that they end while nothing is claimed. It belongs to
// the queue's lock.
//
//	E1  Nothing that has expired is handed out: a claim ends it instead.
//	E2  Nothing is too old before nextSweep, and no event that is pending has an
//	    expirytime that passes before nextTime. Either may be too early.
//	E3  A queue that has pending deliveries, and a nextSweep, a nextTime or a limit
//	    of size, is among those that are swept.
//	E4  What is in flight does not expire.
//	E5  If expirytimes are ignored, E1 and E2 treat every event as if it had none.
type expiry struct {
	generation          history.Generation // of the configuration that has the limits
	age, size           Limit              // the strictest of each kind
	nextSweep, nextTime clock.Mono
	swept               bool // the queue is among those that are swept (E3)
	timesIgnored        bool // E5; set before there are deliveries

	// The same for deliveries that came during a sweep.
	arrivedSweep, arrivedTime clock.Mono
}

func nothingExpires() expiry {
	return expiry{nextSweep: never, nextTime: never, arrivedSweep: never, arrivedTime: never}
}

// Limit sets what ends deliveries from now on. It costs next to nothing if that has not
// changed.
func (q *Queue) Limit(generation history.Generation, limits ...Limit) {
	var age, size Limit
	for _, l := range limits {
		if l.Age > 0 && (age.Age == 0 || l.Age < age.Age) {
			age = l
		}
		if l.Size > 0 && (size.Size == 0 || l.Size < size.Size) {
			size = l
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	x := &q.expiry
	x.generation = generation
	if x.age != age || x.size != size {
		x.age, x.size, x.nextSweep = age, size, never
		if age.Age > 0 {
			x.nextSweep = 0
		}
		q.addToSweepLocked()
	}
}

// IgnoreExpirytimes makes the queue hand out events whose expirytime has passed: their
// receiver decides about that. It must be called before anything is claimed or swept.
func (q *Queue) IgnoreExpirytimes() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expiry.timesIgnored = true
}

// trackExpiryLocked takes into account that a delivery waits from now on.
func (q *Queue) trackExpiryLocked(it *Item) {
	x := &q.expiry
	if x.age.Age > 0 {
		at := q.whenAged(it, x.age.Age)
		x.nextSweep, x.arrivedSweep = min(x.nextSweep, at), min(x.arrivedSweep, at)
	}
	if at := q.expirytime(it); at < never {
		x.nextTime, x.arrivedTime = min(x.nextTime, at), min(x.arrivedTime, at)
	}
	q.addToSweepLocked()
}

// whenAged returns when a delivery will be that old.
func (q *Queue) whenAged(it *Item, age time.Duration) clock.Mono {
	now := q.set.now()
	return now.Add(age - q.set.clock.Age(it.Number, it.AcceptedAt, now))
}

// expirytime returns when the expirytime of an event passes, never if it has none, or is
// not in memory, or expirytimes are ignored.
func (q *Queue) expirytime(it *Item) clock.Mono {
	if it.Body == nil || it.Body.Expires == 0 || q.expiry.timesIgnored {
		return never
	}
	return q.whenAged(it, time.Duration(it.Body.Expires-it.AcceptedAt))
}

// addToSweepLocked puts the queue among those that are swept, if need be (E3).
func (q *Queue) addToSweepLocked() {
	x := &q.expiry
	if !x.swept && (x.nextSweep < never || x.nextTime < never || x.size.Size > 0) {
		x.swept = true
		q.set.sweeper.Add(q)
	}
}

// expiryReason returns why a delivery whose event is in memory has expired, "" if it
// has not. A resend was asked for by someone who saw the event: its expirytime does
// not count.
func (q *Queue) expiryReason(it *Item, limit Limit) string {
	if it.Body.Expires == 0 && limit.Age == 0 {
		return ""
	}
	age := q.set.clock.Age(it.Number, it.AcceptedAt, q.set.now())
	switch {
	case it.Body.Expires != 0 && !q.expiry.timesIgnored && age >= time.Duration(it.Body.Expires-it.AcceptedAt):
		at, _ := event.ExpiryTime(it.Body.JSON, it.Body.Filled)
		return "its expirytime " + at.Format(time.RFC3339Nano) + " has passed: " + acceptedAgo(age)
	case limit.Age > 0 && age >= limit.Age:
		return "older than " + limit.Setting + ": " + acceptedAgo(age)
	}
	return ""
}

// ageLimit returns the strictest limit of age; zero without one.
func (q *Queue) ageLimit() Limit {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.expiry.age
}

func acceptedAgo(age time.Duration) string {
	unit := time.Second
	if age < time.Minute {
		unit = time.Millisecond
	}
	return "accepted " + max(0, age).Round(unit).String() + " ago"
}

// expired returns the attempt that ends a delivery whose event is in memory.
func (q *Queue) expired(it *Item, why string) history.Attempt {
	q.mu.Lock()
	generation := q.expiry.generation
	q.mu.Unlock()
	a := history.Attempt{Generation: generation, Status: history.Expired, Unsent: true, Error: why}
	pending.Identify(&a, it.Body)
	return a
}
