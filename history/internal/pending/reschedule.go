package pending

import (
	"time"

	"sidehook/history/internal/clock"
)

// The methods below change when a delivery is due. Each reports whether it did.

// RetryNow makes the delivery due now. A throttled one need not wait for its receiver.
func (s *Scheduled) RetryNow(now clock.Mono) bool {
	s.Due, s.Until = min(s.Due, now), min(s.Until, now)
	return true
}

// PullForward makes the delivery due now if it was last attempted at or after a moment,
// and was not throttled.
func (s *Scheduled) PullForward(now, from clock.Mono) bool {
	if s.Throttled || s.Last < from || s.Due <= now {
		return false
	}
	s.OriginalDue, s.Due = s.Due, now
	return true
}

// Unthrottle makes a throttled delivery due now. One whose schedule has it wait longer
// than the receiver asked for is pulled forward.
func (s *Scheduled) Unthrottle(now clock.Mono) bool {
	if !s.Throttled || s.Due <= now {
		return false
	}
	if s.Due > s.Until {
		s.OriginalDue = s.Due
	}
	s.Due, s.Until = now, min(s.Until, now)
	return true
}

// Shorten has the delivery wait no longer than is given for each attempt that used up a
// step. A throttled one waits for its receiver.
func (s *Scheduled) Shorten(longest []time.Duration) bool {
	step := s.Count
	if s.Throttled || step < 1 || step > len(longest) {
		return false
	}
	due := s.Last.Add(longest[step-1])
	if due >= s.Due {
		return false
	}
	s.Due, s.OriginalDue = due, min(s.OriginalDue, due)
	return true
}
