package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
)

// keyed are n events of one key, for a webhook.
func keyed(t *testing.T, j *journal.Journal, n int, webhook string) {
	t.Helper()
	var entries []history.Entry
	for i := range n {
		e, err := (&event.Decoder{Source: webhook}).Plain(fmt.Appendf(nil, `{"type":"t","id":"%d","data":{"k":"x"}}`, i))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, history.Entry{Event: e, To: []string{webhook}, Generation: 1})
	}
	if _, err := j.Append(context.Background(), entries); err != nil {
		t.Fatal(err)
	}
}

// watched is a queue that tells of what is about to be done, and was.
type watched struct {
	deliver.Queue
	claimed  func(ok bool)
	ordering func()
}

func (w *watched) Claim(pick queue.ClaimMode) (deliver.Lease, bool) {
	l, ok := w.Queue.Claim(pick)
	w.claimed(ok)
	return l, ok
}

func (w *watched) Order(o queue.Order) {
	w.ordering()
	w.Queue.Order(o)
}

// onWatched is a Deliverer of the queue "a" of a journal, both running.
func onWatched(t *testing.T, w *watched, answer receiver, f func(*journal.Journal, *deliver.Deliverer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		j, err := journal.OpenFS(historytest.NewDisk(), journal.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var writing sync.WaitGroup
		writing.Go(func() {
			if err := j.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		w.Queue = deliver.Journal(j)("a")
		d := deliver.New(func(string) deliver.Queue { return w }, quiet(deliver.Options{MaxWaits: 10}))
		d.Through(answer)
		stop := run(t, d)
		synctest.Wait()
		f(j, d)
		stop()
		cancel()
		writing.Wait()
	})
}

// The deliveries of a key are bounded in memory, even if none of them fails.
func TestLinesAreBounded(t *testing.T) {
	w := &watched{ordering: func() {}, claimed: func(bool) {}}
	s := settings(t, "http://a.example")
	s.Order = queue.Order{By: "data.k"}
	var n atomic.Int64
	onWatched(t, w, func(*http.Request) (int, error) {
		n.Add(1)
		time.Sleep(time.Second)
		return 200, nil
	}, func(j *journal.Journal, d *deliver.Deliverer) {
		keyed(t, j, 5000, "a")
		d.Apply(one(s))
		for range 100 {
			time.Sleep(time.Second)
			// A window is begun at once, and a chunk by each claim that began
			// before that was counted.
			if waits := j.Queue("a").Waiting(); waits > 512+16*128 {
				t.Errorf("%d wait for the one in flight", waits)
				break
			}
		}
		if n.Load() < 99 {
			t.Errorf("%d requests in 100 s", n.Load())
		}
	})
}

// Nothing is claimed for an entry before its order is in force.
func TestOrderBeforeTheFirstClaim(t *testing.T) {
	w := &watched{}
	s := settings(t, "http://a.example")
	s.Order = queue.Order{All: true}
	var flying, most atomic.Int64
	onWatched(t, w, func(*http.Request) (int, error) {
		most.Store(max(most.Load(), flying.Add(1)))
		time.Sleep(time.Second)
		flying.Add(-1)
		return 200, nil
	}, func(j *journal.Journal, d *deliver.Deliverer) {
		w.claimed = func(bool) {}
		w.ordering = func() {
			keyed(t, j, 10, "a")
			synctest.Wait()
		}
		d.Apply(one(s))
		time.Sleep(time.Minute)
		if most.Load() != 1 {
			t.Errorf("%d in flight at once, want 1", most.Load())
		}
	})
}
