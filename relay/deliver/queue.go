package deliver

import (
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/send"
)

// Queue holds the deliveries of one webhook that have not ended. All methods
// may be called at once.
type Queue interface {
	// Notify sets the function that is called, without a lock, when a delivery may
	// have become claimable other than by its time.
	Notify(wake func())
	// Claim hands out a delivery that is due. It may read a file. It is false while
	// another claim does, and after a number of deliveries that have expired; wake
	// is called after that.
	Claim(queue.ClaimMode) (Lease, bool)
	// Due returns when a claim of any kind would next succeed: a time in the past
	// if it would now. It is false if nothing waits.
	Due() (time.Time, bool)
	// Waiting returns how many deliveries wait for another attempt.
	Waiting() int
	// Order sets which deliveries hold up others from now on.
	Order(queue.Order)
	// Schedule sets how long a delivery may wait from now on, after each attempt
	// that used up a step. Those that wait for longer are due sooner.
	Schedule(longest []time.Duration)
	// RetryNow makes all that wait due now; PullForward those that were last
	// attempted at a time or after it, and not throttled; Unthrottle those that were
	// throttled.
	RetryNow()
	PullForward(since time.Time)
	Unthrottle()
	// Throttled returns until when the receiver has asked to be left alone, also
	// before a restart; zero if no waiting delivery was throttled.
	Throttled() time.Time
	// State returns the state that SetState set last, also before a restart.
	State() history.WebhookState
	SetState(history.WebhookState)
	// FailureStreak returns how many attempts in a row have failed, also before a
	// restart. An active state begins it anew.
	FailureStreak() history.FailureStreak
	// Configure sets the settings that all attempts of a generation share. It is called
	// before the first of them is recorded.
	Configure(history.Config)
	// RecordTest records the attempt of a test, whose event is in no queue, after
	// its quick tries. They are durable on return.
	RecordTest(seq history.Seq, accepted time.Time, attempts ...history.Attempt) error
}

// Lease is one delivery, handed out to be attempted.
type Lease struct {
	send.Delivery
	Seq history.Seq
	// Throttled is since when all attempts at it were throttled; zero: the last one
	// was not.
	Throttled time.Time
	// Scheduled is when it was to be attempted. It is in the future only if
	// PullForward or Unthrottle made it due sooner.
	Scheduled time.Time
	Outcome
}

// Outcome ends a lease. Exactly one of Done, Retry and Release must be called. All record
// the attempt that they are given, and return without waiting for the disk.
type Outcome interface {
	// Done ends the delivery.
	Done(history.Attempt)
	// Retry has it wait for its next attempt. The queue keeps how many of the
	// attempts used up a step, and since when they are Throttled.
	Retry(a history.Attempt, at time.Time)
	// Release gives it back as if this attempt had not been made, due at a time. A
	// nil attempt is not recorded.
	Release(a *history.Attempt, at time.Time)
	// Note records a quick try, within the lease.
	Note(history.Attempt)
}

// Queues opens the queue of a webhook: a journal, or the member of a cluster.
type Queues interface {
	Queue(webhook string) *queue.Queue
}

// Journal returns a function that opens the queues of a journal.
func Journal(j Queues) func(webhook string) Queue {
	return func(webhook string) Queue { return journalQueue{j.Queue(webhook)} }
}

type journalQueue struct{ *queue.Queue }

func (q journalQueue) Claim(pick queue.ClaimMode) (Lease, bool) {
	l, ok := q.Queue.Claim(pick)
	if !ok {
		return Lease{}, false
	}
	stored := l.Event
	l.Event = nil // so that the attempt can release it
	return Lease{
		Delivery: send.Delivery{
			Event: stored, Accepted: l.Accepted,
			Attempt: l.Attempt, Resend: l.Resend, ConditionError: l.ConditionError,
		},
		Seq: l.Seq, Throttled: l.Throttled, Scheduled: l.Scheduled, Outcome: l,
	}, true
}
