package history

import "time"

// FailureStreak is the failures of a webhook since its last success. It survives a
// restart.
type FailureStreak struct {
	Since    time.Time // of the first failure
	Failures int       // 0: the last attempt that counts succeeded

	LastSuccess time.Time // zero: none is known
	LastErrorAt time.Time // zero: it is not known
	LastError   string    // of the last failure, which may be older than the streak
}
