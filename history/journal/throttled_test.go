package journal_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

func claim(t *testing.T, q *queue.Queue, want string) *queue.Lease {
	t.Helper()
	l, ok := q.Claim(queue.Retries)
	if !ok {
		t.Fatalf("nothing to claim, want %s", want)
	}
	if got := id(l); got != want {
		t.Fatalf("claimed %s, want %s", got, want)
	}
	return l
}

var failed = history.Attempt{Status: history.Retrying, Code: 500}

func throttled(until time.Time) history.Attempt {
	return history.Attempt{Status: history.Retrying, Code: 429, Throttled: until, NoStep: true}
}

// The number of an attempt, since when a delivery is throttled and until when
// the receiver is left alone survive a stop, a kill and the loss of the cursors.
func TestThrottlingSurvives(t *testing.T) {
	for name, restart := range restarts {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 2), "a")
				q := r.Queue("a")
				for i := range 2 { // a row that ends
					claim(t, q, "e1").Retry(throttled(time.Now().Add(time.Duration(i)*time.Second)), time.Now().Add(time.Duration(i)*time.Second))
					time.Sleep(time.Duration(i) * time.Second)
				}
				claim(t, q, "e1").Retry(failed, time.Now().Add(time.Minute))
				if at := q.Throttled(); !at.IsZero() {
					t.Errorf("throttled until %v after a failure", at)
				}
				time.Sleep(time.Minute)
				since := time.Now()
				claim(t, q, "e1").Retry(throttled(since.Add(time.Minute)), since.Add(time.Minute))
				time.Sleep(time.Minute)
				l := claim(t, q, "e1")
				if l.Attempt != 2 || !l.Throttled.Equal(since) {
					t.Errorf("got attempt %d, throttled %v", l.Attempt, l.Throttled)
				}
				l.Release(nil, time.Now())
				claim(t, q, "e1").Retry(throttled(since.Add(time.Hour)), since.Add(time.Hour))

				r = start(t, restart(t, r, fs), journal.Options{})
				q = r.Queue("a")
				if at := q.Throttled(); at.Sub(since.Add(time.Hour)).Abs() > time.Millisecond {
					t.Errorf("throttled until %v, want %v", at, since.Add(time.Hour))
				}
				if got := q.FailureStreak(); got.Failures != 1 {
					t.Errorf("got the row %+v, want the one failure", got)
				}
				time.Sleep(time.Hour)
				l = claim(t, q, "e1")
				if l.Attempt != 2 || l.Throttled.Sub(since).Abs() > time.Millisecond {
					t.Errorf("got attempt %d, throttled %v; want 2, %v", l.Attempt, l.Throttled, since)
				}
				l.Done(history.Attempt{Status: history.Delivered})
				r.stop()
			})
		})
	}
}

// A delivery that was throttled once for long is not held when that is ended,
// also after a restart.
func TestUnthrottle(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 3), "a")
		synctest.Wait() // whoever is woken by that has been
		q := r.Queue("a")
		claim(t, q, "e1").Retry(throttled(time.Now().Add(time.Hour)), time.Now().Add(time.Hour))
		claim(t, q, "e2").Retry(failed, time.Now().Add(2*time.Hour))
		woken := 0
		q.Notify(func() { woken++ })
		q.Unthrottle()
		q.Unthrottle()
		if at := q.Throttled(); at.After(time.Now()) || woken == 0 {
			t.Errorf("throttled until %v, woken %d times", at, woken)
		}
		r.SetGeneration(2, "of an edit") // which is what the cursors are written for
		fs = restarts["a stop"](t, r, fs)
		r = start(t, fs, journal.Options{})
		if at := r.Queue("a").Throttled(); at.After(time.Now()) {
			t.Errorf("throttled until %v", at)
		}
		same(t, "due", r.drain("a"), []string{"e1", "e3"})
		r.stop()
	})
}

// A delivery that is throttled may wait for longer than the receiver asked, by
// its schedule. It holds the webhook up no longer than that, and is advanced when
// the receiver takes requests again.
func TestThrottledBySchedule(t *testing.T) {
	for name, restart := range restarts {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 1), "a")
				begun := time.Now()
				claim(t, r.Queue("a"), "e1").Retry(throttled(begun.Add(time.Hour)), begun.Add(5*time.Hour))
				fs = restart(t, r, fs)
				r = start(t, fs, journal.Options{})
				q := r.Queue("a")
				if at := q.Throttled(); at.Sub(begun.Add(time.Hour)).Abs() > time.Millisecond {
					t.Errorf("throttled until %v", at)
				}
				if at, _ := q.Due(); at.Sub(begun.Add(5*time.Hour)).Abs() > time.Millisecond {
					t.Errorf("due at %v", at)
				}
				q.Unthrottle()
				if l := claim(t, q, "e1"); l.Scheduled.Sub(begun.Add(5*time.Hour)).Abs() > time.Millisecond {
					t.Errorf("scheduled at %v", l.Scheduled)
				}
				r.stop()
			})
		})
	}
}

// Advance makes due what failed since a time, and not what was throttled; the
// lease says when it would have been due, also after a release and a stop.
func TestAdvance(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 4), "a")
		q := r.Queue("a")
		begun := time.Now()
		claim(t, q, "e1").Retry(failed, begun.Add(5*time.Hour))
		time.Sleep(time.Hour)
		claim(t, q, "e2").Retry(failed, begun.Add(3*time.Hour))
		claim(t, q, "e3").Retry(throttled(begun.Add(4*time.Hour)), begun.Add(4*time.Hour))
		q.PullForward(begun.Add(time.Minute))
		l := claim(t, q, "e2")
		if at := l.Scheduled; !at.Equal(begun.Add(3 * time.Hour)) {
			t.Errorf("scheduled at %v", at)
		}
		l.Release(nil, time.Now())
		time.Sleep(10 * time.Second) // until the cursors have it: no line does
		fs = restarts["a stop"](t, r, fs)
		r = start(t, fs, journal.Options{})
		q = r.Queue("a")
		l = claim(t, q, "e2")
		if at := l.Scheduled; at.Sub(begun.Add(3*time.Hour)).Abs() > time.Millisecond {
			t.Errorf("scheduled at %v after a stop", at)
		}
		noStep := failed
		noStep.NoStep = true
		l.Retry(noStep, l.Scheduled)
		claim(t, q, "e4").Done(history.Attempt{Status: history.Delivered})
		time.Sleep(2 * time.Hour)
		l = claim(t, q, "e2")
		if l.Attempt != 2 || l.Scheduled.After(time.Now()) {
			t.Errorf("got attempt %d, scheduled %v", l.Attempt, l.Scheduled)
		}
		l.Done(history.Attempt{Status: history.Delivered})
		r.stop()
	})
}
