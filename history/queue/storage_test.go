package queue_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/queue"
	"sidehook/history/queue/queuetest"
)

// Nothing is claimed whose outcome the ledger could not take, and all of it is once
// the ledger can.
func TestFullLedger(t *testing.T) {
	m := queuetest.NewMemory(&queuetest.Store{})
	accept(t, m, 1, 3, "a")
	m.Store.SetFull(true)
	if got := claimed(m, "a"); len(got) != 0 {
		t.Errorf("claimed %v while the ledger is full", got)
	}
	woken := false
	m.Queue("a").Notify(func() { woken = true })
	m.Store.SetFull(false)
	m.WakeAll()
	if got := claimed(m, "a"); !woken || len(got) != 3 {
		t.Errorf("woken %v, claimed %v, want 3", woken, got)
	}
}

// A delivery whose record is damaged ends as failed if the queue has it already. If
// the reader does not meet it, it is not counted any more.
func TestDamagedRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := queuetest.NewMemory(&queuetest.Store{})
		accept(t, m, 1, 600, "a") // the last ones are unread
		l, _ := m.Queue("a").Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying}, time.Now())
		m.Store.Damage(1)
		m.Store.Damage(590)
		if got := claimed(m, "a"); len(got) != 598 || got[1]+got[590] != 0 {
			t.Errorf("claimed %d deliveries, of the damaged ones %d and %d; want 598, 0 and 0", len(got), got[1], got[590])
		}
		if n := m.Store.Ends("a")[history.Failed]; n != 1 {
			t.Errorf("%d ended as failed, want 1", n)
		}
		if b := m.Queue("a").Backlog(); b != (queue.Backlog{}) {
			t.Errorf("backlog %+v, want none", b)
		}
	})
}

// A sweep ends what has expired among the unread deliveries, and leaves the others to
// be claimed in their order.
func TestSweepOfUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := queuetest.NewMemory(&queuetest.Store{})
		soon := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
		for i := 1; i <= 1500; i++ {
			e := entry(t, fmt.Sprint("e", i), "a")
			if i%3 > 0 {
				e = body(t, fmt.Sprintf(`{"type":"a.b","id":"e%d","expirytime":%q}`, i, soon), "a")
			}
			if _, err := m.Append(context.Background(), []history.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { m.Sweep(ctx); close(ended) }()
		time.Sleep(2 * time.Minute)
		if n := m.Store.Ends("a")[history.Expired]; n != 1000 {
			t.Errorf("%d have expired, want 1000", n)
		}
		got := claimed(m, "a")
		for seq := history.Seq(3); seq <= 1500; seq += 3 {
			if got[seq] != 1 {
				t.Fatalf("seq %d, which does not expire, was claimed %d times", seq, got[seq])
			}
		}
		if len(got) != 500 {
			t.Errorf("claimed %d deliveries, want 500", len(got))
		}
		cancel()
		<-ended
	})
}

// BenchmarkClaim is a claim of what is in memory, and the end of it.
func BenchmarkClaim(b *testing.B) {
	m := queuetest.NewMemory(&queuetest.Store{Forgetful: true})
	const batch = 256
	var items []queue.Published
	for i := range batch {
		e := entry(b, fmt.Sprint("e", i), "a")
		items = append(items, queue.Published{
			Item: queue.Item{Number: history.Seq(i + 1), AcceptedAt: time.Now().UnixNano(), Body: pending.NewBody(e.Event.JSON, nil, nil)},
			To:   []string{"a"},
		})
	}
	q := m.Queue("a")
	b.ReportAllocs()
	for n := 0; n < b.N; n += batch {
		b.StopTimer()
		m.Publish(items, batch)()
		b.StartTimer()
		for range batch {
			l, ok := q.Claim(queue.Retries)
			if !ok {
				b.Fatal("nothing to claim")
			}
			delivered(l)
		}
	}
}
