package queue

import (
	"math"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/clock"
)

// Limit is a setting that ends deliveries as expired: those that were accepted
// too long ago, or the oldest ones of a backlog that is too large.
type Limit struct {
	Setting string        // as the file has it, such as "expire_after 1h", for the error
	Age     time.Duration // since the acceptance, of a resend its own; 0: any
	Size    int64         // bytes of the backlog; 0: any
}

// never is a time that does not come.
const never = clock.Mono(math.MaxInt64)

// lapse is when deliveries of a queue end for having waited too long: at the
// latest when they are claimed, and, so that they end also while nothing is,
// when the journal sweeps. It belongs to the queue's lock.
//
//	X1  Nothing is handed out that has expired: a claim ends it instead.
//	X2  Nothing is too old ahead of look, and the expirytime of no event that
//	    has not ended passes ahead of expiry. Both may come too early.
//	X3  A queue in which something waits that look, expiry or size is about is
//	    among those that are swept.
//	X4  What is under way is not ended.
type lapse struct {
	generation   history.Generation // of the configuration that says so
	age, size    Limit              // the strictest of each kind
	look, expiry clock.Mono
	swept        bool // it is among those

	// As look and expiry, of what came during a pass.
	metLook, metExpiry clock.Mono
}

// Limit says what ends deliveries from now on. It costs next to nothing if
// nothing has changed.
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
	l := &q.lapse
	l.generation = generation
	if l.age != age || l.size != size {
		l.age, l.size, l.look = age, size, never
		if age.Age > 0 {
			l.look = 0
		}
		q.sweepLater()
	}
}

// trackExpiry takes a delivery into account that waits from now on. The queue is
// locked.
func (q *Queue) trackExpiry(it *Item) {
	l := &q.lapse
	if l.age.Age > 0 {
		at := q.dueIn(it, l.age.Age)
		l.look, l.metLook = min(l.look, at), min(l.metLook, at)
	}
	if it.Body != nil && it.Body.expires != 0 {
		at := q.dueIn(it, time.Duration(it.Body.expires-it.AcceptedAt))
		l.expiry, l.metExpiry = min(l.expiry, at), min(l.metExpiry, at)
	}
	q.sweepLater()
}

// dueIn is when a delivery will be as old as that.
func (q *Queue) dueIn(it *Item, age time.Duration) clock.Mono {
	now := q.set.now()
	return now.Add(age - q.set.clock.Age(it.Number, it.AcceptedAt, now))
}

// sweepLater puts the queue among those that are swept, if need be. It is
// locked.
func (q *Queue) sweepLater() {
	l := &q.lapse
	if !l.swept && (l.look < never || l.expiry < never || l.size.Size > 0) {
		l.swept = true
		q.set.sweeper.add(q)
	}
}

// lapsed is why a delivery, whose event is at hand, is worth nothing any more;
// "" if it is. A resend was asked for by someone who saw the event: its
// expirytime says nothing then.
func (q *Queue) lapsed(it *Item) string {
	limit := q.ageLimit()
	age := q.set.clock.Age(it.Number, it.AcceptedAt, q.set.now())
	switch {
	case it.Body.expires != 0 && age >= time.Duration(it.Body.expires-it.AcceptedAt):
		at, _ := event.ExpiryTime(it.Body.JSON, it.Body.Filled)
		return "its expirytime " + at.Format(time.RFC3339Nano) + " has passed: " + ago(age)
	case limit.Age > 0 && age >= limit.Age:
		return "older than " + limit.Setting + ": " + ago(age)
	}
	return ""
}

// ageLimit is the strictest limit of age; zero without one.
func (q *Queue) ageLimit() Limit {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lapse.age
}

// ago says how long ago something was accepted.
func ago(age time.Duration) string {
	unit := time.Second
	if age < time.Minute {
		unit = time.Millisecond
	}
	return "accepted " + max(0, age).Round(unit).String() + " ago"
}

// expire is the line that ends a delivery whose event is at hand.
func (q *Queue) expire(it *Item, why string) history.Attempt {
	q.mu.Lock()
	generation := q.lapse.generation
	q.mu.Unlock()
	a := history.Attempt{Generation: generation, Status: history.Expired, Unsent: true, Error: why}
	identify(&a, it.Body)
	return a
}

// scheduleSweep sets when the queue is to be looked at again behind a pass, given when
// the first of what that left unread may be too old.
// The queue is locked.
func (q *Queue) scheduleSweep(young clock.Mono) {
	l := &q.lapse
	if l.age.Age == 0 {
		l.look = never
		return
	}
	l.look = l.metLook
	see := func(it *Item) { l.look = min(l.look, q.dueIn(it, l.age.Age)) }
	q.eachWait(func(w *scheduled) { see(&w.Item) })
	for i := range q.prefetch {
		see(&q.prefetch[i])
	}
	if q.unread > 0 {
		l.look = min(l.look, young)
	}
}

// flying is when the first expirytime of what is under way passes. The queue is
// locked.
func (q *Queue) flying() clock.Mono {
	first := never
	for _, l := range q.inFlight {
		if b := l.Body; b != nil && b.expires != 0 {
			first = min(first, q.dueIn(&l.Item, time.Duration(b.expires-l.AcceptedAt)))
		}
	}
	return first
}

// learn keeps when deliveries that a start knew by their numbers alone were
// accepted.
func (q *Queue) learn(found []Item) {
	if len(found) == 0 {
		return
	}
	sortBySeq(found)
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.scheduled {
		w := &q.scheduled[i]
		if k, ok := slices.BinarySearchFunc(found, w.Item, bySeq); ok {
			w.Item = found[k]
		}
	}
}
