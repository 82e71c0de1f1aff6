package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/history/queue/queuetest"
)

// A webhook is lost and gained while the process runs: what was recorded by then
// is not attempted again, nothing is lost, and no other webhook notices.
func TestOwnership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := queuetest.NewMemory(&queuetest.Store{})
		accept(t, m, 1, 1500, "a", "b") // more than are prefetched
		q := m.Queue("a")
		woken := 0
		q.Notify(func() { woken++ })
		var leases []*queue.Lease
		for range 3 {
			l, _ := q.Claim(queue.Retries)
			leases = append(leases, l)
		}
		delivered(leases[0]) // e1
		before := woken
		m.Lose("a")
		accept(t, m, 1501, 1510, "a", "b")
		if l, ok := q.Claim(queue.Retries); ok {
			t.Errorf("claimed %d from a queue that was removed", l.Seq)
		}
		if at, ok := q.Due(); ok {
			t.Errorf("a queue that was removed is due at %v", at)
		}
		delivered(leases[1])                                                                  // e2
		leases[2].Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour)) // e3
		if n := q.Waiting(); n != 0 {
			t.Errorf("%d deliveries wait in a queue that was removed", n)
		}
		if woken != before {
			t.Error("a queue that was removed wakes")
		}
		m.Gain("a")
		accept(t, m, 1511, 1511, "a")
		got := claimed(m, "a")
		for seq := history.Seq(1); seq <= 1511; seq++ {
			want := 1
			if seq <= 3 {
				want = 0
			}
			if got[seq] != want {
				t.Fatalf("seq %d was claimed %d times after the webhook was gained again, want %d", seq, got[seq], want)
			}
		}
		m.Queue("a").RetryNow()
		if l, ok := m.Queue("a").Claim(queue.Retries); !ok || l.Seq != 3 || l.Attempt != 2 {
			t.Errorf("got %+v, want attempt 2 of seq 3", l)
		}
		if n := len(claimed(m, "b")); n != 1510 {
			t.Errorf("the other webhook got %d deliveries, want 1510", n)
		}
		if held, left := m.HeldBytes(), m.InFlightBytes(); held != 0 || left > 200 { // one is in flight
			t.Errorf("%d bytes are held in memory with nothing prefetched, %d are in flight", held, left)
		}
	})
}

// A lease that is out when the webhook is lost is attempted again by the next
// owner, if it has not ended by then.
func TestOwnershipWithALeaseOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := queuetest.NewMemory(&queuetest.Store{})
		accept(t, m, 1, 1, "a")
		l, _ := m.Queue("a").Claim(queue.Retries)
		m.Lose("a")
		m.Gain("a")
		if got := claimed(m, "a"); got[1] != 1 {
			t.Errorf("claimed %v, want seq 1", got)
		}
		delivered(l)
		if n := m.Store.Ends("a")[history.Delivered]; n != 2 {
			t.Errorf("%d ends are recorded, want both attempts'", n)
		}
		if b := m.Queue("a").Backlog(); b != (queue.Backlog{}) {
			t.Errorf("backlog %+v, want none", b)
		}
	})
}
