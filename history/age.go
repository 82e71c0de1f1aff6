package history

import "time"

// ages say how old a record is for retention. Records bear the wall clock,
// which may be set at any moment; one that jumps must not make a record old.
type ages struct {
	began   time.Time // on both clocks
	stopped time.Time // when the process before this one was last known to run
}

// of is how long ago a record was written: by the wall clock or by the
// monotonic one, whichever says less. For a record of a former process the
// monotonic clock goes on from where that process stopped.
func (a *ages) of(at time.Time) time.Duration {
	from := a.began
	if at.Before(a.began) {
		from = a.stopped
	}
	return min(time.Now().Round(0).Sub(at), time.Since(a.began)+from.Round(0).Sub(at))
}

// start decides what to make of the time between the last process and this one:
// it is believed unless it is more than keep, which is said by returning it.
func (a *ages) start(last time.Time, keep time.Duration) (step time.Duration) {
	a.stopped = a.began
	if step = a.began.Round(0).Sub(last); last.IsZero() || keep == 0 || step.Abs() <= keep {
		return 0
	}
	a.stopped = last
	return step
}
