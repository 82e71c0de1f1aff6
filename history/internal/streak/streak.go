// Package streak keeps the failure streak of a webhook, over restarts as well.
package streak

import (
	"sync"
	"time"

	"sidehook/history"
)

// Streak is a webhook's failure streak. It is for concurrent use, and its zero value works.
type Streak struct {
	mu sync.Mutex
	history.FailureStreak
	last time.Time // when it last changed; a replay may bring lines up to then again
}

// Learn adds the end of an attempt or a delivery. If it says nothing about the receiver it
// does not count; but the reason of a failure becomes the last error.
func (s *Streak) Learn(at time.Time, status history.Status, why string, saysNothing bool) {
	if status == history.Canceled || status == history.Expired || saysNothing && status != history.Failed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = at
	switch {
	case saysNothing:
		s.LastError, s.LastErrorAt = why, at
	case status == history.Delivered:
		s.resetLocked()
		s.LastSuccess = at
	default:
		s.LastError, s.LastErrorAt = why, at
		if s.Failures++; s.Failures == 1 {
			s.Since = at
		}
	}
}

// Replay adds a line at a start. The checkpoint may cover the line already, so an old
// failure is skipped: to miss a failure does no harm, to count one twice may disable a
// webhook.
func (s *Streak) Replay(d *history.DeliveryRecord) {
	if _, last := s.get(); d.Status == history.Delivered || d.At.After(last) {
		s.Learn(d.At, d.Status, d.Error, d.Again || d.Unsent || !d.Throttled.IsZero())
	}
}

// Enter ends the streak if the webhook becomes active.
func (s *Streak) Enter(state history.WebhookState) {
	if state.Name == "" || state.Name == history.StateActive {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.resetLocked()
	}
}

func (s *Streak) resetLocked() { s.Since, s.Failures = time.Time{}, 0 }

// InDoubt reports whether the last attempt that counts has failed, or none has succeeded yet.
func (s *Streak) InDoubt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Failures > 0 || s.LastSuccess.IsZero()
}

// Get returns the streak as it is.
func (s *Streak) Get() history.FailureStreak {
	f, _ := s.get()
	return f
}

func (s *Streak) get() (history.FailureStreak, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.FailureStreak, s.last
}

// Checkpoint is a streak in a checkpoint.
type Checkpoint struct {
	Since    time.Time `json:"since,omitzero"`
	Last     time.Time `json:"last"`
	Failures int       `json:"failures,omitempty"`
	Success  time.Time `json:"success,omitzero"`
	Error    string    `json:"error,omitempty"`
	ErrorAt  time.Time `json:"error_at,omitzero"`
}

// Checkpoint returns the streak for a checkpoint. It returns nil if the streak is empty, or
// has no failures and is older than keep (0: forever).
func (s *Streak) Checkpoint(now time.Time, keep time.Duration) *Checkpoint {
	f, last := s.get()
	if f == (history.FailureStreak{}) || f.Failures == 0 && keep > 0 && now.Sub(last) > keep {
		return nil
	}
	return &Checkpoint{f.Since, last, f.Failures, f.LastSuccess, f.LastError, f.LastErrorAt}
}

// Restore puts back what Checkpoint returned, before anything else is called.
func (s *Streak) Restore(c *Checkpoint) {
	if c != nil {
		s.FailureStreak, s.last = history.FailureStreak{Since: c.Since, Failures: c.Failures, LastSuccess: c.Success, LastError: c.Error, LastErrorAt: c.ErrorAt}, c.Last
	}
}
