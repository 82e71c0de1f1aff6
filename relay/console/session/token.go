package session

import "time"

// How many wrong tokens may be tried in a time.
const (
	maxFailures   = 5
	failureWindow = time.Minute
)

// TryToken tries a token: check reports whether it is right, and is not called while
// too many were wrong, so that a right one cannot be told from a wrong one then. wait
// is how long no token is tried; it is 0 for one that was.
func (k *Keeper) TryToken(check func() bool) (right bool, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	for len(k.failures) > 0 && now.Sub(k.failures[0]) >= failureWindow {
		k.failures = k.failures[1:]
	}
	if len(k.failures) >= maxFailures {
		return false, failureWindow - now.Sub(k.failures[0])
	}
	if check() {
		return true, 0
	}
	k.failures = append(k.failures, now)
	return false, 0
}
