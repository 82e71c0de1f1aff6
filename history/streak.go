package history

import "time"

// FailureStreak is how a webhook's attempts have gone of late: failures, and
// nothing but failures. It survives a restart.
type FailureStreak struct {
	Since    time.Time // of the first failure
	Failures int       // 0: the last attempt that counts succeeded

	LastSuccess time.Time // zero: none is known
	LastError   string    // of the last failure, also of one before the streak
}
