package deliver_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
)

// fakeQueue is a deliver.Queue in memory, which keeps what it is told.
type fakeQueue struct {
	mu      sync.Mutex
	wake    func()
	seq     history.Seq
	fresh   []item
	waits   []item
	flight  int
	peak    int // of flight
	state   history.WebhookState
	states  []history.WebhookState
	row     history.FailureStreak
	configs []history.Config
	lines   []line
	changed chan struct{} // is closed at each change
}

type item struct {
	seq      history.Seq
	event    string
	accepted time.Time
	due      time.Time
	attempts int
	resend   bool
	unmet    string

	throttled, until, last, back time.Time
}

// line is one record.
type line struct {
	history.Attempt
	seq    history.Seq
	number int
	how    string // done, retry, release or note
	at     time.Time
	next   time.Time
}

func newQueue() *fakeQueue { return &fakeQueue{wake: func() {}, changed: make(chan struct{})} }

// open is what a Deliverer opens its queues with.
func open(queues map[string]*fakeQueue) func(string) deliver.Queue {
	return func(name string) deliver.Queue { return queues[name] }
}

func (q *fakeQueue) Notify(wake func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wake = wake
}

// add accepts events, of these ids.
func (q *fakeQueue) add(ids ...string) {
	for _, id := range ids {
		q.addJSON(`{"specversion":"1.0","id":"` + id + `","source":"test","type":"order.paid","time":"2026-11-23T14:55:00Z","data":{"n":1}}`)
	}
}

func (q *fakeQueue) addJSON(event string) { q.push(item{event: event}) }

// addUnmet accepts an event of this id that a condition failed on.
func (q *fakeQueue) addUnmet(id, why string) {
	q.push(item{event: `{"specversion":"1.0","id":"` + id + `","source":"test","type":"order.paid"}`, unmet: why})
}

func (q *fakeQueue) push(it item) {
	q.mu.Lock()
	q.seq++
	it.seq, it.accepted = q.seq, time.Now()
	q.fresh = append(q.fresh, it)
	wake := q.wake
	q.mu.Unlock()
	wake()
}

func (q *fakeQueue) Claim(pick queue.ClaimMode) (deliver.Lease, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	slices.SortStableFunc(q.waits, func(a, b item) int { return a.due.Compare(b.due) })
	waiting := len(q.waits) > 0 && !q.waits[0].due.After(time.Now())
	fresh := len(q.fresh) > 0 && pick != queue.RetriesOnly
	if pick == queue.Oldest && waiting && fresh && q.fresh[0].accepted.Before(q.waits[0].due) {
		waiting = false
	}
	from := &q.waits
	switch {
	case waiting:
	case fresh:
		from = &q.fresh
	default:
		return deliver.Lease{}, false
	}
	it := (*from)[0]
	*from = (*from)[1:]
	q.flight++
	q.peak = max(q.peak, q.flight)
	return deliver.Lease{
		Delivery: send.Delivery{
			Event: &event.Event{JSON: []byte(it.event)}, Accepted: it.accepted, Attempt: it.attempts + 1, Resend: it.resend, ConditionError: it.unmet,
		},
		Seq: it.seq, Throttled: it.throttled, Scheduled: it.back, Outcome: lease{q, it},
	}, true
}

func (q *fakeQueue) Due() (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.fresh) > 0 {
		return time.Now(), true
	}
	if len(q.waits) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(q.waits, func(a, b item) int { return a.due.Compare(b.due) }).due, true
}

func (q *fakeQueue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waits)
}

// InFlight counts the leases that have not ended.
func (q *fakeQueue) InFlight() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.flight
}

// Order and Schedule are the history's affair.
func (q *fakeQueue) Order(queue.Order)        {}
func (q *fakeQueue) Schedule([]time.Duration) {}

func (q *fakeQueue) RetryNow() { q.hasten(func(*item) bool { return true }) }

func (q *fakeQueue) Unthrottle() {
	q.hasten(func(it *item) bool {
		if it.due.After(it.until) {
			it.back = it.due
		}
		return !it.throttled.IsZero()
	})
}

func (q *fakeQueue) PullForward(since time.Time) {
	q.hasten(func(it *item) bool {
		if !it.throttled.IsZero() || it.last.Before(since) {
			return false
		}
		it.back = it.due
		return true
	})
}

// hasten makes those waits due that match and are not.
func (q *fakeQueue) hasten(match func(*item) bool) {
	q.mu.Lock()
	for i := range q.waits {
		if it := &q.waits[i]; it.due.After(time.Now()) && match(it) {
			it.due = time.Now()
		}
	}
	wake := q.wake
	q.mu.Unlock()
	wake()
}

func (q *fakeQueue) Throttled() (until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range q.waits {
		if !it.throttled.IsZero() && it.until.After(until) {
			until = it.until
		}
	}
	return until
}

func (q *fakeQueue) State() history.WebhookState {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state
}

func (q *fakeQueue) SetState(s history.WebhookState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state = s
	q.states = append(q.states, s)
}

func (q *fakeQueue) FailureStreak() history.FailureStreak {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.row
}

func (q *fakeQueue) Configure(c history.Config) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.configs = append(q.configs, c)
}

func (q *fakeQueue) RecordTest(seq history.Seq, _ time.Time, attempts ...history.Attempt) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range attempts {
		lease{q: q, it: item{seq: seq}}.write(a, 1, "tested", time.Time{})
	}
	return nil
}

// lease is the deliver.Outcome of an item.
type lease struct {
	q  *fakeQueue
	it item
}

func (l lease) Done(a history.Attempt) { l.end(&a, "done", time.Time{}, false) }

func (l lease) Retry(a history.Attempt, at time.Time) {
	if !a.NoStep {
		l.it.attempts++
	}
	l.it.last, l.it.back = time.Now(), time.Time{}
	if l.it.until = a.Throttled; a.Throttled.IsZero() {
		l.it.throttled = time.Time{}
	} else if l.it.throttled.IsZero() {
		l.it.throttled = time.Now()
	}
	l.end(&a, "retry", at, true)
}

func (l lease) Release(a *history.Attempt, at time.Time) { l.end(a, "release", at, true) }

func (l lease) Note(a history.Attempt) {
	l.q.mu.Lock()
	defer l.q.mu.Unlock()
	l.write(a, l.it.attempts+1, "note", time.Time{})
}

func (l lease) end(a *history.Attempt, how string, next time.Time, back bool) {
	l.q.mu.Lock()
	defer l.q.mu.Unlock()
	l.q.flight--
	number := l.it.attempts + 1
	if how == "retry" && !a.NoStep {
		number--
	}
	if l.it.due = next; back {
		l.q.waits = append(l.q.waits, l.it)
	}
	if a != nil {
		l.write(*a, number, how, next)
	}
}

func (l lease) write(a history.Attempt, number int, how string, next time.Time) {
	l.q.lines = append(l.q.lines, line{a, l.it.seq, number, how, time.Now(), next})
	close(l.q.changed)
	l.q.changed = make(chan struct{})
}

// all are the lines so far.
func (q *fakeQueue) all() []line {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.lines)
}

// wait returns the lines once there are n.
func (q *fakeQueue) wait(t testing.TB, n int) []line {
	t.Helper()
	late := time.After(time.Minute)
	for {
		q.mu.Lock()
		lines, changed := slices.Clone(q.lines), q.changed
		q.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d lines, want %d: %s", len(lines), n, show(lines))
		}
	}
}

func show(lines []line) (text string) {
	for _, l := range lines {
		text += "\n  " + l.how + " " + string(l.Status) + " #" + strconv.Itoa(l.number) + " " + strconv.Itoa(l.Code) + " " + l.Error
	}
	return text
}
