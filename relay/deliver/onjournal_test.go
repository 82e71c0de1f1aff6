package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/relay/deliver"
)

// relay is a journal and what delivers from it, in a bubble.
type relay struct {
	*journal.Journal
	*deliver.Deliverer
	t     *testing.T
	mu    sync.Mutex
	ended map[history.Status]int // deliveries
}

// bubbleOnJournal is bubble with a real journal in place of a queue of the test's.
func bubbleOnJournal(t *testing.T, s *deliver.Settings, o deliver.Options, r receiver, f func(*testing.T, *relay)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &relay{t: t, ended: map[history.Status]int{}}
		j, err := journal.OpenFS(historytest.NewDisk(), journal.Options{Recorded: x.recorded, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		x.Journal = j
		ctx, cancel := context.WithCancel(context.Background())
		var writing sync.WaitGroup
		writing.Go(func() {
			if err := j.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		x.Deliverer = deliver.New(deliver.Journal(j), quiet(o))
		x.Through(r)
		x.Deliverer.Apply(one(s))
		stop := run(t, x.Deliverer)
		f(t, x)
		stop()
		cancel()
		writing.Wait()
	})
}

func (x *relay) recorded(a history.Recorded) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if a.Status != history.Retrying {
		x.ended[a.Status]++
	}
}

func (x *relay) deliveredAndLost() (delivered, lost int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for status, n := range x.ended {
		if status == history.Delivered {
			delivered += n
		} else {
			lost += n
		}
	}
	return delivered, lost
}

// accept takes events of the ids from-to.
func (x *relay) accept(from, to int) {
	x.t.Helper()
	decoder := event.Decoder{Source: "test"}
	var entries []history.Entry
	for i := from; i <= to; i++ {
		e, err := decoder.Plain(fmt.Appendf(nil, `{"type":"t","id":"%d"}`, i))
		if err != nil {
			x.t.Fatal(err)
		}
		if entries = append(entries, history.Entry{Event: e, To: []string{"a"}, Generation: 1}); len(entries) == 1000 || i == to {
			if _, err := x.Append(context.Background(), entries); err != nil {
				x.t.Fatal(err)
			}
			entries = entries[:0]
		}
	}
}
