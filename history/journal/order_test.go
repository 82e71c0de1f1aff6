package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// keyed are events with these keys; "-" stands for none.
func (r *running) keyed(from int, keys ...string) {
	r.t.Helper()
	var entries []history.Entry
	for i, key := range keys {
		data := fmt.Sprintf(`{"k":%q}`, key)
		if key == "-" {
			data = "{}"
		}
		e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":"e%d","data":%s}`, from+i, data))
		if err != nil {
			r.t.Fatal(err)
		}
		entries = append(entries, history.Entry{Event: e, To: []string{"a"}, Generation: 1})
	}
	if _, err := r.Append(context.Background(), entries); err != nil {
		r.t.Fatal(err)
	}
}

// takeOne takes a delivery and says which, "" if none may be taken.
func takeOne(q *queue.Queue, into map[string]*queue.Lease) string {
	for range 4 { // what is read is taken by the next claim
		if l, ok := q.Claim(queue.Retries); ok {
			into[id(l)] = l
			return id(l)
		}
	}
	return ""
}

// takeAll takes deliveries until none may be taken.
func takeAll(q *queue.Queue, into map[string]*queue.Lease) (got []string) {
	for name := takeOne(q, into); name != ""; name = takeOne(q, into) {
		got = append(got, name)
	}
	return got
}

var (
	delivered = history.Attempt{Status: history.Delivered}
	retrying  = history.Attempt{Status: history.Retrying}
	canceled  = history.Attempt{Status: history.Canceled, Error: "asked for"}
)

func TestOrderAll(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, _ *memfs.FS, r *running) {
		defer r.stop()
		q := r.Queue("a")
		q.Order(queue.Order{All: true})
		r.keyed(1, "x", "y", "z")
		flying := map[string]*queue.Lease{}
		same(t, "one at a time", takeAll(q, flying), strings.Fields("e1"))
		if due, ok := q.Due(); ok {
			t.Errorf("due at %v while one is in flight", due)
		}
		flying["e1"].Retry(retrying, time.Now().Add(time.Hour))
		same(t, "while the first waits", takeAll(q, flying), strings.Fields(""))
		if due, ok := q.Due(); !ok || time.Until(due) != time.Hour {
			t.Errorf("due in %v, %t; want 1h", time.Until(due), ok)
		}
		time.Sleep(time.Hour)
		same(t, "when it is due", takeAll(q, flying), strings.Fields("e1"))
		flying["e1"].Done(history.Attempt{Status: history.Exhausted, Error: "500"})
		same(t, "when it has ended", takeAll(q, flying), strings.Fields("e2"))
		q.Order(queue.Order{})
		same(t, "without order", takeAll(q, flying), strings.Fields("e3"))
		flying["e2"].Release(nil, time.Now().Add(time.Minute))
		flying["e3"].Release(nil, time.Now())
		q.Order(queue.Order{All: true})
		same(t, "in order again, though a later one is due", takeAll(q, flying), strings.Fields(""))
		time.Sleep(time.Minute)
		same(t, "in order again", takeAll(q, flying), strings.Fields("e2"))
	})
}

func TestOrderByKey(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		by := queue.Order{By: "data.k"}
		q.Order(by)
		r.keyed(1, "x", "y", "x", "-", "y", "x", "-", "z")
		flying := map[string]*queue.Lease{}
		same(t, "the first of each key, and those without", takeAll(q, flying), strings.Fields("e1 e2 e4 e7 e8"))
		if n := q.Waiting(); n != 3 {
			t.Errorf("%d wait for others, want 3", n)
		}
		flying["e1"].Done(delivered)
		flying["e2"].Retry(retrying, time.Now().Add(time.Hour))
		flying["e8"].Done(delivered)
		same(t, "the next of a key whose first has ended", takeAll(q, flying), strings.Fields("e3"))
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}

		r = start(t, fs, journal.Options{})
		q = r.Queue("a")
		q.Order(by)
		clear(flying)
		same(t, "after a restart", takeAll(q, flying), strings.Fields("e3 e4 e7"))
		n, err := q.Cancel(func(w *queue.Waiting) (history.Attempt, queue.Verdict) {
			if w.Seq == 2 || w.Seq == 6 {
				return canceled, queue.End
			}
			return history.Attempt{}, queue.Keep
		})
		if n != 2 || err != nil {
			t.Errorf("canceled %d, %v; want the one that waits and one that waits for another", n, err)
		}
		same(t, "after one that was canceled", takeAll(q, flying), strings.Fields("e5"))
		flying["e3"].Done(delivered)
		same(t, "after the last of its key", takeAll(q, flying), strings.Fields(""))
		flying["e4"].Release(nil, time.Now())
		flying["e5"].Release(nil, time.Now())
		flying["e7"].Release(nil, time.Now())
		q.Order(queue.Order{})
		got := takeAll(q, flying)
		slices.Sort(got)
		same(t, "without order", got, strings.Fields("e4 e5 e7"))
		if b := q.Backlog(); b.Events != 3 || q.Waiting() != 0 {
			t.Errorf("backlog %+v, %d waiting", b, q.Waiting())
		}
		q.Order(by)
		r.keyed(9, "y", "z")
		same(t, "while what was begun without order is in flight", takeAll(q, flying), nil)
		flying["e4"].Done(delivered)
		flying["e5"].Retry(retrying, time.Now().Add(time.Hour))
		flying["e7"].Done(delivered)
		same(t, "in order again", takeAll(q, flying), []string{"e10"})
		time.Sleep(time.Hour)
		same(t, "what was begun without order", takeAll(q, flying), []string{"e5"})
		r.stop()
	})
}

// TestOrderHolds: whatever ends, waits, is read from the file, or starts again,
// no delivery is handed out while one of its key that was accepted before it has
// not ended, and none is forgotten.
func TestOrderHolds(t *testing.T) {
	for seed := range some(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { orderHolds(t, rand.New(rand.NewPCG(seed, 1)), seed%2 == 0) })
		})
	}
}

func orderHolds(t *testing.T, rng *rand.Rand, all bool) {
	const total = 1200 // more than a window
	keys := make([]string, total+1)
	ended := make([]bool, total+1)
	order := queue.Order{By: "data.k", All: all}
	if all {
		order.By = ""
	}
	fs := memfs.New()
	r := start(t, fs, journal.Options{SegmentSize: 16 << 10})
	r.Queue("a").Order(order)
	posted, left := 0, total
	flying := map[int]*queue.Lease{}
	for left > 0 {
		q := r.Queue("a")
		for n := rng.IntN(300); n > 0 && posted < total && rng.IntN(3) == 0; n-- {
			posted++
			keys[posted] = []string{"x", "y", "z", "-"}[rng.IntN(4)]
			if all {
				keys[posted] = "x"
			}
			r.keyed(posted, keys[posted])
		}
		if l, ok := q.Claim(queue.Retries); ok {
			n := int(l.Seq)
			for before := 1; before < n && keys[n] != "-"; before++ {
				if keys[before] == keys[n] && !ended[before] {
					t.Fatalf("handed out %d of key %s before %d", n, keys[n], before)
				}
			}
			flying[n] = l
		} else if due, any := q.Due(); any && rng.IntN(4) == 0 {
			time.Sleep(time.Until(due))
		}
		for n, l := range flying {
			switch rng.IntN(6) {
			case 0, 1, 2:
				l.Done(delivered)
				left--
				ended[n] = true
			case 3:
				l.Retry(retrying, time.Now().Add(time.Duration(rng.IntN(5000))*time.Millisecond))
			case 4:
				l.Release(nil, time.Now())
			default:
				continue
			}
			delete(flying, n)
		}
		if rng.IntN(400) == 0 {
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			fs = fs.Kill()
			r.stop()
			r = start(t, fs, journal.Options{SegmentSize: 16 << 10})
			r.Queue("a").Order(order)
			clear(flying)
		}
	}
	if b := r.Queue("a").Backlog(); b.Events != 0 {
		t.Errorf("backlog %+v, want none", b)
	}
	r.stop()
}
