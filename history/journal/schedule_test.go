package journal_test

import (
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// What waits for longer than its schedule says now is due sooner, counted from
// its last attempt, also after a restart; one that was throttled is not.
func TestSchedule(t *testing.T) {
	for name, order := range map[string]queue.Order{"no order": {}, "by key": {By: "data.id"}} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				q := r.Queue("a")
				q.Order(order)
				r.append(ids(1, 3), "a")
				begun := time.Now()
				claim(t, q, "e1").Retry(failed, begun.Add(5*time.Hour))
				claim(t, q, "e2").Retry(throttled(begun.Add(3*time.Hour)), begun.Add(3*time.Hour))
				claim(t, q, "e3").Retry(failed, begun.Add(time.Minute))
				due := func(q *queue.Queue, want time.Duration) {
					t.Helper()
					if at, ok := q.Due(); !ok || at.Sub(begun.Add(want)).Abs() > time.Millisecond {
						t.Errorf("due at %v, want %v", at.Sub(begun), want)
					}
				}
				q.Schedule([]time.Duration{9 * time.Hour})
				due(q, time.Minute)
				time.Sleep(time.Minute)
				claim(t, q, "e3").Retry(failed, begun.Add(10*time.Hour))
				due(q, 3*time.Hour)
				fs = restarts["a kill"](t, r, fs)
				r = start(t, fs, journal.Options{})
				q = r.Queue("a")
				q.Schedule([]time.Duration{2 * time.Hour})
				due(q, 2*time.Hour) // e1; there is no second step for e3
				time.Sleep(2*time.Hour - time.Minute)
				claim(t, q, "e1").Done(history.Attempt{Status: history.Delivered})
				q.Schedule([]time.Duration{time.Hour, 2 * time.Hour})
				due(q, 2*time.Hour+time.Minute)
				r.stop()
			})
		})
	}
}
