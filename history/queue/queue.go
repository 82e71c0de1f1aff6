// Package queue owns the pending deliveries of webhooks: what is prefetched, in
// flight, scheduled for a retry, or waits for another delivery of its key. It
// promises leases, order, retry schedules, expiry, cancel and rename.
//
// It knows no file. It declares what it needs as three interfaces that an engine
// implements: Book, Ledger and Clock. It writes and reads its own part of a
// checkpoint. Package pending has the plain data that a queue consists of. An engine
// (package journal) publishes to a Set; package relay/deliver claims from its queues.
// Package queuetest has the contract.
package queue

import (
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/streak"
	"sidehook/history/trouble"
)

// The parts of a queue that its engine and package deliver see.
type (
	Item       = pending.Item
	Body       = pending.Body
	Backlog    = pending.Backlog
	Checkpoint = pending.Checkpoint
)

// Queue is the pending deliveries of one webhook, in the order of their
// acceptance. Its invariants:
//
//	Q1  A delivery is in exactly one of: inFlight, scheduled, the key queues of
//	    order, prefetch, and the unread ones. Only its lease takes it out of
//	    inFlight.
//	Q2  prefetch holds what comes before the unread ones, without a gap. A new
//	    event is prefetched if nothing is unread and there is room, and is counted
//	    as unread otherwise. So the reader never meets the end of the events, and
//	    no delivery is handed out twice or never.
//	Q3  startedSeqs has those of the events from the first prefetched one on that
//	    were started or have ended before earlier ones. The reader passes
//	    over them, also after a restart, which reads the prefetched events again.
//	Q4  All that was not started and is not unread is prefetched. Memory does not
//	    grow with the backlog.
//	Q5  Each line of a delivery contains the whole outcome of the attempts at it, so
//	    replaying a line twice changes nothing.
//	Q6  Each delivery that has not ended counts in segmentRefs once, and so does
//	    the event that a resend points to. Both change in the step that publishes or
//	    ends the delivery, so that retention can rely on them.
type Queue struct {
	set  *Set
	name string

	mu     sync.Mutex
	wake   func()
	closed bool // by Set.Remove
	state  history.WebhookState
	config map[history.Generation]*history.Config // by generation

	inFlight     map[history.Seq]*Lease
	scheduled    pending.Heap
	order        ordering
	prefetch     []Item
	readPosition Mark // where the reader continues, while anything is unread
	unread       int
	startedSeqs  seqset.Set[history.Seq]
	last         history.Seq   // the last seq that was published to it
	renamed      history.Seq   // the last seq of a rename, whose delivery is older than its record
	segmentRefs  seqset.Counts // of what has not ended, for retention

	reading bool       // a claim is reading
	pause   clock.Mono // after an error, when reading is tried again
	backlog Backlog
	expiry  expiry

	streak     streak.Streak   // has a lock of its own
	unreadable trouble.Trouble // with reading; has a lock of its own
	share      budget.Share    // of the bytes in flight; belongs to the budget
}

// Mark is a position in the accepted events: no unread delivery has a seq below
// Seq, a record before Location, or an acceptance before At.
type Mark struct {
	Seq      history.Seq
	Location history.Location
	At       int64 // in Unix nanoseconds; 0 if not known
}

// maxPrefetch bounds the prefetched deliveries of a queue. Their bodies are bounded
// over all queues together (pending.Bodies). What is beyond is read when its turn comes.
const maxPrefetch = 512

func newQueue(s *Set, name string) *Queue {
	q := &Queue{
		set: s, name: name, wake: func() {}, inFlight: map[history.Seq]*Lease{}, config: map[history.Generation]*history.Config{},
		expiry: nothingExpires(),
	}
	q.share.Wake = q.wakeUp
	return q
}

// Name returns the name of the webhook.
func (q *Queue) Name() string { return q.name }

// Notify sets the function that is called when a delivery may have become
// claimable, other than by its time. It must be quick and must not block.
func (q *Queue) Notify(wake func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wake = wake
}

// wakeUp calls what Notify set.
func (q *Queue) wakeUp() {
	q.mu.Lock()
	wake := q.wake
	q.mu.Unlock()
	wake()
}

// Configure sets the content of the config line of a generation.
func (q *Queue) Configure(c history.Config) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.config[c.Generation] = &c
	// Requests in flight end under the configuration that they began with; none is
	// of an older one than these.
	for generation := range q.config {
		if generation+8 < c.Generation {
			delete(q.config, generation)
		}
	}
}

// generation returns the newest one that Configure has set.
func (q *Queue) generation() (newest history.Generation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for generation := range q.config {
		newest = max(newest, generation)
	}
	return newest
}

// State returns what SetState last set, also before a restart.
func (q *Queue) State() history.WebhookState {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state
}

// SetState records a new state.
func (q *Queue) SetState(s history.WebhookState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state == s {
		return
	}
	q.state = s
	q.streak.Enter(s)
	q.set.ledger.Record(history.Line{Webhook: q.name, At: time.Now(), Fields: history.AppendState(nil, q.name, s)})
}

// Restate records the state again, so that segments with its earlier lines may be removed.
func (q *Queue) Restate() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != (history.WebhookState{}) {
		q.set.ledger.Record(history.Line{Webhook: q.name, At: time.Now(), Fields: history.AppendRestated(nil, q.name, q.state)})
	}
}

// FailureStreak returns how the webhook's attempts have gone of late.
func (q *Queue) FailureStreak() history.FailureStreak { return q.streak.Get() }

// publish adds the delivery of an event that is durable.
func (q *Queue) publish(it Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.countLocked(&it)
	if q.unread == 0 && len(q.prefetch) < maxPrefetch {
		if !q.set.bodies.Keep(it.Body) {
			it.Body = nil
		}
		q.prefetch = append(q.prefetch, it)
		return
	}
	if q.unread == 0 {
		q.readPosition = Mark{it.Number, it.Location, it.AcceptedAt}
	}
	q.unread++
}

// countLocked counts a delivery that was published.
func (q *Queue) countLocked(it *Item) {
	q.last = it.Number
	q.backlog.Add(it.Size())
	q.trackExpiryLocked(it)
	q.addRefsLocked(it)
}

// shiftLocked takes out the first prefetched delivery.
func (q *Queue) shiftLocked() Item {
	it := q.prefetch[0]
	q.prefetch[0] = Item{}
	q.prefetch = q.prefetch[1:]
	q.set.bodies.Drop(it.Body)
	q.trimLocked()
	return it
}

// trimLocked forgets what is not needed once nothing is prefetched.
func (q *Queue) trimLocked() {
	switch {
	case len(q.prefetch) > 0:
	case q.unread > 0:
		q.prefetch = nil
		q.startedSeqs.DropBelow(q.readPosition.Seq)
	default:
		q.prefetch, q.startedSeqs = nil, nil
	}
}

// unreadLocked reports whether the delivery of a seq, if it is of this webhook, is
// among the unread ones.
func (q *Queue) unreadLocked(seq history.Seq) bool {
	return q.unread > 0 && q.readPosition.Seq <= seq && seq <= q.last && !q.startedSeqs.Has(seq)
}

// Due returns when a claim would next succeed, in the past if it would now. It
// reports false if nothing is left but what is in flight.
func (q *Queue) Due() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.set.now()
	due, ok := now, true
	first := -1
	if q.order.All {
		first = q.firstScheduledLocked()
	}
	switch {
	case q.blockedLocked():
		ok = false // until what is in flight ends
	case first >= 0:
		due = q.scheduled[first].Due
	case q.order.needsOrdering, q.unread > 0 && len(q.prefetch) == 0 && !q.reading:
		due = max(now, q.pause)
	case len(q.prefetch) > 0:
	case len(q.scheduled) > 0:
		due = q.scheduled[0].Due
	default:
		ok = false
	}
	return q.set.at(due), ok
}

// pendingLocked counts the deliveries that have not ended (Q1).
func (q *Queue) pendingLocked() int {
	return len(q.inFlight) + len(q.scheduled) + q.order.keys.Len() + len(q.prefetch) + q.unread
}

// Waiting counts the deliveries that are scheduled or wait for another one of their
// key.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.scheduled) + q.order.keys.Len()
}

// close forgets everything but what is in flight, whose leases then only record
// their ends.
func (q *Queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.wake = true, func() {}
	for i := range q.prefetch {
		q.set.bodies.Drop(q.prefetch[i].Body)
	}
	q.prefetch, q.unread, q.scheduled, q.segmentRefs, q.startedSeqs = nil, 0, nil, nil, nil
	q.order = ordering{Order: q.order.Order}
	q.expiry = nothingExpires()
	q.expiry.swept = true // so that it is not added again
	q.set.sweeper.Remove(q)
}
