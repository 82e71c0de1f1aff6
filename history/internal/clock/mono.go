package clock

import "time"

// Mono is a moment on the monotonic clock, as the time since the start. It is a type of
// its own, so that the compiler tells it from a duration and from the wall clock.
type Mono time.Duration

// Add returns the moment that is so much later.
func (m Mono) Add(d time.Duration) Mono { return m + Mono(d) }

// Sub returns how long before m the other moment is.
func (m Mono) Sub(other Mono) time.Duration { return time.Duration(m - other) }
