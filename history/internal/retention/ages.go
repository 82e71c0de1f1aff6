package retention

import "time"

// ages knows how long ago a record was written. Records have times of the wall clock,
// which may be set at any moment, but a jump of it must not make a record old. Unlike
// clock.Clock, it needs no list of the steps: to remove a record too late does no harm.
type ages struct {
	began   time.Time // on both clocks
	stopped time.Time // when the process before this one was last known to run
}

// of returns how long ago a record was written: by the wall clock or by the monotonic
// one, whichever is less. For a record of a former process the monotonic clock continues
// from where that process stopped.
func (a *ages) of(at time.Time) time.Duration {
	from := a.began
	if at.Before(a.began) {
		from = a.stopped
	}
	return min(time.Now().Round(0).Sub(at), time.Since(a.began)+from.Round(0).Sub(at))
}

// start decides how long no process ran. It believes the wall clock unless that shows more
// than keep. Then it takes the stop to have lasted no time, and returns what the clock
// shows.
func (a *ages) start(last time.Time, keep time.Duration) (step time.Duration) {
	a.stopped = a.began
	if step = a.began.Round(0).Sub(last); last.IsZero() || keep == 0 || step.Abs() <= keep {
		return 0
	}
	a.stopped = last
	return step
}
