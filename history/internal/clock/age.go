package clock

import "time"

// Ages say how old a record is for retention. Records bear the wall clock,
// which may be set at any moment; one that jumps must not make a record old.
type Ages struct {
	Began   time.Time // on both clocks
	stopped time.Time // when the process before this one was last known to run
}

// Of is how long ago a record was written: by the wall clock or by the
// monotonic one, whichever says less. For a record of a former process the
// monotonic clock goes on from where that process stopped.
func (a *Ages) Of(at time.Time) time.Duration {
	from := a.Began
	if at.Before(a.Began) {
		from = a.stopped
	}
	return min(time.Now().Round(0).Sub(at), time.Since(a.Began)+from.Round(0).Sub(at))
}

// Start decides what to make of the time between the last process and this one:
// it is believed unless it is more than keep, which is said by returning it.
func (a *Ages) Start(last time.Time, keep time.Duration) (step time.Duration) {
	a.stopped = a.Began
	if step = a.Began.Round(0).Sub(last); last.IsZero() || keep == 0 || step.Abs() <= keep {
		return 0
	}
	a.stopped = last
	return step
}
