package deliver

import (
	"time"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/relay/send"
)

// Queue holds the deliveries of one webhook that have not ended. All methods
// may be called at once.
type Queue interface {
	// Notify sets the function that is called when a delivery may have become
	// claimable, other than by its time. It is called without a lock held.
	Notify(wake func())
	// Claim hands out a delivery that is due. It may read a file, and says
	// false while another claim does, and behind a number of deliveries that
	// have expired; wake is called after that.
	Claim(queue.ClaimMode) (Lease, bool)
	// Due is when a claim of any kind would next succeed, in the past if it
	// would now. False: nothing waits.
	Due() (time.Time, bool)
	// Waiting counts the deliveries that were begun and wait with a time.
	Waiting() int
	// Order says which deliveries hold up others from now on.
	Order(queue.Order)
	// Schedule says how long a delivery waits at most from now on, behind each
	// attempt that used up a step; those that do are due sooner.
	Schedule(longest []time.Duration)
	// RetryNow makes all waits due now; PullForward those that were last attempted at or
	// after a time, and not throttled; Unthrottle those that were throttled.
	RetryNow()
	PullForward(since time.Time)
	Unthrottle()
	// Throttled is until when the waits have the receiver left alone, also before
	// a restart; zero: no attempt at them was throttled.
	Throttled() time.Time
	// State is what SetState last set, also before a restart.
	State() history.WebhookState
	SetState(history.WebhookState)
	// FailureStreak is how its attempts have gone of late, also before a restart. A state
	// that is active begins it anew.
	FailureStreak() history.FailureStreak
	// Configure says what was the same in all attempts of a generation, before
	// the first of them is recorded.
	Configure(history.Config)
	// RecordTest records what a test came to, an event that is in no queue: the
	// quick tries, then the attempt. It is durable on return.
	RecordTest(seq history.Seq, accepted time.Time, attempts ...history.Attempt) error
}

// Lease is one delivery, handed out to be attempted.
type Lease struct {
	send.Delivery
	Seq history.Seq
	// Throttled is since when no attempt at it was answered but by throttling;
	// zero: the last one was not.
	Throttled time.Time
	// Scheduled is when it would be due, and ahead only if PullForward or Unthrottle
	// made it due sooner than its schedule.
	Scheduled time.Time
	Outcome
}

// Outcome takes what became of a lease. Exactly one of Done, Retry and Release
// ends it; all record what they are given and return without waiting for the
// disk.
type Outcome interface {
	// Done ends the delivery.
	Done(history.Attempt)
	// Retry lets it wait for its next attempt. It keeps how many of the records
	// used up a step, and since when they are Throttled.
	Retry(a history.Attempt, at time.Time)
	// Release gives it back as if this attempt had not been, due at a time. An
	// attempt that is nil is not recorded.
	Release(a *history.Attempt, at time.Time)
	// Note records a try that was repeated at once, within the lease.
	Note(history.Attempt)
}

// Journal opens the queues of a journal.
func Journal(j *journal.Journal) func(webhook string) Queue {
	return func(webhook string) Queue { return journalQueue{j.Queue(webhook)} }
}

type journalQueue struct{ *queue.Queue }

func (q journalQueue) Claim(pick queue.ClaimMode) (Lease, bool) {
	l, ok := q.Queue.Claim(pick)
	if !ok {
		return Lease{}, false
	}
	stored := l.Event
	l.Event = nil // the attempt lets go of it first
	return Lease{
		Delivery: send.Delivery{
			Event: stored, Filled: l.Filled, Accepted: l.Accepted,
			Attempt: l.Attempt, Resend: l.Resend, ConditionError: l.Unmet,
		},
		Seq: l.Seq, Throttled: l.Throttled, Scheduled: l.Scheduled, Outcome: l,
	}, true
}
