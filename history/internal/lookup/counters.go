package lookup

import (
	"sidehook/history"
	"sidehook/history/internal/index"
)

// The counts of attempts that an index keeps by the minute. Tests do not count.
const (
	CountBegun index.Counter = iota // deliveries
	countDelivered
	countRetried
	countFailed
	countExhausted
	countCanceled
	countExpired
	// Attempts that arrived, and attempts that failed. A throttled one is neither.
	CountArrived
	CountMissed
)

// CounterOf returns the counter of the attempts with a status.
func CounterOf(status history.Status) index.Counter {
	switch status {
	case history.Delivered:
		return countDelivered
	case history.Retrying:
		return countRetried
	case history.Failed:
		return countFailed
	case history.Exhausted:
		return countExhausted
	case history.Canceled:
		return countCanceled
	}
	return countExpired
}

// CountersOf returns the counters that an attempt adds one to. A delivery counts as begun
// with its first attempt, or with its end if it had none. A delivery that continues under
// another name counts there.
func CountersOf(o *history.DeliveryRecord) (set index.CounterSet) {
	if o.RenamedTo != "" || o.Test || o.Late {
		return set
	}
	unmade := o.Status == history.Canceled || o.Status == history.Expired
	set = set.With(CounterOf(o.Status))
	if o.Attempt == 0 || o.Attempt == 1 && !o.Again && !unmade {
		set = set.With(CountBegun)
	}
	switch {
	case o.Again || unmade || !o.Throttled.IsZero():
	case o.Status == history.Delivered:
		set = set.With(CountArrived)
	default:
		set = set.With(CountMissed)
	}
	return set
}
