package clock

import "time"

// Instant is one moment on both clocks, the monotonic one of this process and the wall
// clock, which checkpoints and lines are written in.
type Instant struct {
	Mono Mono
	Wall time.Time
}

// Unix converts a moment to the wall clock, in milliseconds.
func (n Instant) Unix(at Mono) int64 { return n.Wall.Add(at.Sub(n.Mono)).UnixMilli() }

// Future converts a time of the wall clock that was noted at the time written. The wait
// from now is never longer than it was to be then, whatever the wall clock did since.
func (n Instant) Future(at, written time.Time) Mono {
	return n.Mono.Add(max(0, min(at.Sub(n.Wall), at.Sub(written))))
}

// Past converts a time of the wall clock to a moment that is not in the future.
func (n Instant) Past(at time.Time) Mono { return n.Mono.Add(-max(0, n.Wall.Sub(at))) }
