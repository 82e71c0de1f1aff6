package queue_test

import (
	"slices"
	"testing"
	"time"

	"sidehook/history/queue/queuetest"
)

// The contract holds on any storage, however slow it is, while it fails, and
// whatever a crash of it loses.
func TestContract(t *testing.T) {
	for name, open := range map[string]func() *queuetest.Store{
		"in memory": func() *queuetest.Store { return &queuetest.Store{} },
		"slow":      func() *queuetest.Store { return &queuetest.Store{Delay: 30 * time.Millisecond} },
		"lossy":     func() *queuetest.Store { return &queuetest.Store{Lossy: true} },
		"failing":   func() *queuetest.Store { return &queuetest.Store{Failing: failing(queuetest.Follow, queuetest.Flush)} },
	} {
		t.Run(name, func(t *testing.T) {
			queuetest.Run(t, func(*testing.T) queuetest.Engine { return queuetest.NewMemory(open()) })
		})
	}
	t.Run("all calls fail", func(t *testing.T) {
		queuetest.RunLossless(t, func(*testing.T) queuetest.Engine {
			return queuetest.NewMemory(&queuetest.Store{Lossy: true, Failing: failing(queuetest.Follow, queuetest.Load, queuetest.Flush)})
		})
	})
}

// failing has calls fail for two seconds of each five, the first two among them.
func failing(calls ...queuetest.Call) func(queuetest.Call) bool {
	return func(c queuetest.Call) bool {
		return slices.Contains(calls, c) && time.Now().Unix()%5 < 2
	}
}
