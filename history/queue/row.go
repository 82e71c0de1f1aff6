package queue

import (
	"sync"
	"time"

	"sidehook/history"
)

// FailureStreak is how a webhook's attempts have gone of late: failures, and nothing but
// failures. It survives a restart: the cursors have it, and the lines behind
// them bring it up to date. Without cursors it is made of all lines there are.
type FailureStreak struct {
	Since    time.Time // of the first of them
	Failures int       // 0: the last attempt that says anything arrived

	LastSuccess time.Time // zero: none is known
	LastError   string    // of the last failure, also of one ahead of the row
}

// row is kept by the queue of the webhook, and is written to from that of a
// former name, too. Its lock is the last to be taken.
type row struct {
	mu sync.Mutex
	FailureStreak
	last time.Time // when it last learnt; lines up to then may come again
}

// learn takes in a line that ends an attempt or a delivery. One that says nothing
// of the receiver is a failure all the same if that is what it ends with.
func (r *row) learn(at time.Time, s history.Status, why string, saysNothing bool) {
	if s == history.Canceled || s == history.Expired || saysNothing && s != history.Failed {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = at
	if saysNothing {
		r.LastError = why
		return
	}
	if s == history.Delivered {
		r.begin()
		r.LastSuccess = at
		return
	}
	r.LastError = why
	if r.Failures++; r.Failures == 1 {
		r.Since = at
	}
}

// inDoubt reports whether the last attempt that says anything failed, or there
// was none.
func (r *row) inDoubt() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Failures > 0 || r.LastSuccess.IsZero()
}

// replay takes in a line again, which the cursors may cover already. To forget
// a failure too many is harmless, to count one twice is not.
func (r *row) replay(d *history.DeliveryRecord) {
	if _, last := r.get(); d.Status == history.Delivered || d.At.After(last) {
		r.learn(d.At, d.Status, d.Error, d.Again || d.Unsent || !d.Throttled.IsZero())
	}
}

// forget begins it anew with a state that does.
func (r *row) forget(s history.WebhookState) {
	if s.Name == "" || s.Name == history.StateActive {
		r.mu.Lock()
		r.begin()
		r.mu.Unlock()
	}
}

// begin begins it anew. It is locked.
func (r *row) begin() { r.Since, r.Failures = time.Time{}, 0 }

func (r *row) get() (FailureStreak, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.FailureStreak, r.last
}

// FailureStreak is how the webhook's attempts have gone of late.
func (q *Queue) FailureStreak() FailureStreak {
	r, _ := q.row.get()
	return r
}

// StreakCheckpoint is a row in the cursors.
type StreakCheckpoint struct {
	Since    time.Time `json:"since,omitzero"`
	Last     time.Time `json:"last"`
	Failures int       `json:"failures,omitempty"`
	Success  time.Time `json:"success,omitzero"`
	Error    string    `json:"error,omitempty"`
}

// cursor is nil for a row that is empty or, if there are no failures in it, as
// long ago as lines are kept; 0 is for ever.
func (r *row) cursor(now time.Time, keep time.Duration) *StreakCheckpoint {
	row, last := r.get()
	if row == (FailureStreak{}) || row.Failures == 0 && keep > 0 && now.Sub(last) > keep {
		return nil
	}
	return &StreakCheckpoint{row.Since, last, row.Failures, row.LastSuccess, row.LastError}
}

// restore is the opposite of cursor.
func (r *row) restore(c *StreakCheckpoint) {
	if c != nil {
		r.FailureStreak, r.last = FailureStreak{c.Since, c.Failures, c.Success, c.Error}, c.Last
	}
}
