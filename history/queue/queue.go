// Package queue owns the pending deliveries of webhooks: what is prefetched, in
// flight, scheduled for a retry or waiting behind its key; leases, order, expiry,
// cancel and rename. It reaches no file: what it needs of a storage stands in two
// interfaces, Book and Ledger, which an engine implements, and it writes and reads
// its own part of a checkpoint. Package queuetest has the contract of a queue.
//
// An engine (package journal) publishes to a Set, and package relay/deliver claims
// from its queues.
package queue

import (
	"sync"
	"time"

	"sidehook/history"
	"sidehook/history/internal/budget"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/seqset"
	"sidehook/history/internal/streak"
	"sidehook/trouble"
)

// Queue is the deliveries of one webhook that have not ended, in the order of
// their acceptance. Its numbered invariants:
//
//	Q1  A delivery is in exactly one of flight, waits, lines, window and the
//	    unread ones. It leaves flight by its lease alone.
//	Q2  The window holds what comes before the unread ones, without a gap: an
//	    event goes into the window if nothing is unread and there is room, and
//	    is counted as unread otherwise. So the reader never has to meet the
//	    head of the file, and nothing is handed out twice or never.
//	Q3  Of the events at or behind the first one in the window, those in skip
//	    were begun before a restart; the reader passes over them, and a start
//	    that reads the window's events again does so too.
//	Q4  Everything that has not been begun and is not unread is in the window;
//	    memory does not grow with the backlog.
//	Q5  How the attempts at a delivery have gone stands whole in the last line
//	    of it, so that a line which is replayed twice changes nothing.
//	Q6  Each delivery that has not ended counts in holds once, and so does the
//	    event that a resend points to; both change in the step that publishes
//	    or ends it. So R1 can rest on them.
type Queue struct {
	set  *Set
	name string

	mu     sync.Mutex
	wake   func()
	state  history.WebhookState
	streak streak.Streak                          // has a lock of its own
	config map[history.Generation]*history.Config // by generation

	inFlight     map[history.Seq]*Lease
	scheduled    retryHeap
	order        ordering
	prefetch     []Item
	readPosition Mark // where the reader goes on, while anything is unread
	unread       int
	startedSeqs  seqset.Set[history.Seq]
	last         history.Seq   // the last seq that was published to it
	renamed      history.Seq   // the last seq that came by a rename, whose delivery is older than its record
	segmentRefs  seqset.Counts // of what has not ended, for retention

	closed  bool       // by Set.Remove
	reading bool       // a claim is reading the file
	pause   clock.Mono // after an error, until when none reads again
	backlog Backlog
	lapse   lapse

	unreadable trouble.Trouble // with what waits; under its own lock
	share      budget.Share    // of the bytes in flight
}

// Mark is a point in the events: nothing that is unread has a number below seq,
// stands ahead of place, or was accepted before at.
type Mark struct {
	Seq   history.Seq
	Place history.Location
	At    int64 // in Unix nanoseconds; 0 if not known
}

// ClaimMode says which delivery a claim is after.
type ClaimMode int

const (
	// Retries prefers waits that are due, longest due first, to new events.
	Retries ClaimMode = iota
	// Oldest takes whatever has been due longest.
	Oldest
	// RetriesOnly begins no new delivery.
	RetriesOnly
)

// windowSize bounds the deliveries a window holds; their bodies are bounded over
// all windows together (keep). What is over it is read from the file when its
// turn comes.
const windowSize = 512

func newQueue(s *Set, name string) *Queue {
	q := &Queue{
		set: s, name: name, wake: func() {}, inFlight: map[history.Seq]*Lease{}, config: map[history.Generation]*history.Config{},
		lapse: lapse{look: never, expiry: never, metLook: never, metExpiry: never},
	}
	q.share.Wake = q.awaken
	return q
}

// Name is the webhook's.
func (q *Queue) Name() string { return q.name }

// Notify sets the function that is called when a delivery may have become
// claimable, other than by its time. It must be cheap and must not block.
func (q *Queue) Notify(wake func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wake = wake
}

// awaken calls what was set by Notify.
func (q *Queue) awaken() {
	q.mu.Lock()
	wake := q.wake
	q.mu.Unlock()
	wake()
}

// Configure says what stands in the config line of a generation.
func (q *Queue) Configure(c history.Config) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.config[c.Generation] = &c
	// Requests under way end as they began; older ones than these are over.
	for generation := range q.config {
		if generation+8 < c.Generation {
			delete(q.config, generation)
		}
	}
}

// configOf is what Configure said of a generation, nil if nothing.
func (q *Queue) configOf(generation history.Generation) *history.Config {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.config[generation]
}

// generation is the newest that Configure told of.
func (q *Queue) generation() (newest history.Generation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for generation := range q.config {
		newest = max(newest, generation)
	}
	return newest
}

// State is what SetState last set, also before a restart.
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

// FailureStreak is how the webhook's attempts have gone of late.
func (q *Queue) FailureStreak() history.FailureStreak { return q.streak.Get() }

// publish adds an event that is durable.
func (q *Queue) publish(it Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.count(&it)
	if q.unread > 0 || len(q.prefetch) >= windowSize {
		if q.unread == 0 {
			q.readPosition = Mark{it.Number, it.Place, it.AcceptedAt}
		}
		q.unread++
		return
	}
	q.push(it)
}

// close forgets everything but what is in flight, whose leases then only record
// their ends.
func (q *Queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.wake = true, func() {}
	for i := range q.prefetch {
		q.set.drop(q.prefetch[i].Body)
	}
	q.prefetch, q.unread, q.scheduled, q.segmentRefs, q.startedSeqs = nil, 0, nil, nil, nil
	q.order = ordering{Order: q.order.Order}
	q.lapse = lapse{look: never, expiry: never, metLook: never, metExpiry: never, swept: true} // by nobody any more
	q.set.sweeper.remove(q)
}

// count takes in a delivery that has come. The queue is locked.
func (q *Queue) count(it *Item) {
	q.last = it.Number
	q.backlog.add(it.size())
	q.trackExpiry(it)
	q.addRefs(it)
}

// push puts an item into the window, with its body if there is room for it.
func (q *Queue) push(it Item) {
	if !q.set.keep(it.Body) {
		it.Body = nil
	}
	q.prefetch = append(q.prefetch, it)
}

func (q *Queue) shift() Item {
	it := q.prefetch[0]
	q.prefetch[0] = Item{}
	q.prefetch = q.prefetch[1:]
	q.set.drop(it.Body)
	q.tidy()
	return it
}

// tidy lets go of what a window that is empty does not need.
func (q *Queue) tidy() {
	switch {
	case len(q.prefetch) > 0:
	case q.unread > 0:
		q.prefetch = nil
		q.startedSeqs.DropBelow(q.readPosition.Seq)
	default:
		q.prefetch, q.startedSeqs = nil, nil
	}
}

// Due says when a claim would next succeed, in the past if it would now. It is
// false if nothing is left but what is in flight.
func (q *Queue) Due() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.set.now()
	due, ok := now, true
	first := -1
	if q.order.All {
		first = q.firstWait()
	}
	switch {
	case q.held():
		ok = false // the end of what is in flight is waited for
	case first >= 0:
		due = q.scheduled[first].due
	case q.order.needsOrdering, q.unread > 0 && len(q.prefetch) == 0 && !q.reading:
		due = max(now, q.pause)
	case len(q.prefetch) > 0:
	case len(q.scheduled) > 0:
		due = q.scheduled[0].due
	default:
		ok = false
	}
	return q.set.at(due), ok
}

// pending counts the deliveries that have not ended, wherever they stand (Q1). The
// queue is locked.
func (q *Queue) pending() int {
	return len(q.inFlight) + len(q.scheduled) + q.order.count + len(q.prefetch) + q.unread
}

// Waiting counts the deliveries that wait with a time of their own or behind
// another one of their key.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.scheduled) + q.order.count
}

// Restate writes the state anew, so that no line before is needed for it.
func (q *Queue) Restate() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != (history.WebhookState{}) {
		q.set.ledger.Record(history.Line{Webhook: q.name, At: time.Now(), Fields: history.AppendRestated(nil, q.name, q.state)})
	}
}
