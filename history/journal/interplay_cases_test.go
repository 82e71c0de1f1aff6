package journal_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// stallOne holds the next call that reads the events, and no other, until release
// is closed.
func stallOne(fs *memfs.FS) (release chan struct{}) {
	release = make(chan struct{})
	var met atomic.Bool
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Read && strings.HasPrefix(op.Name, "events-") && !met.Swap(true) {
			<-release
		}
		return nil
	})
	return release
}

// What is canceled while it is being read keeps nobody from reading later.
func TestCancelWhileReading(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		r.append(ids(1, 900), "a") // more than a window
		for range 512 {
			l, _ := q.Claim(queue.Retries)
			l.Done(delivered)
		}
		release := stallOne(fs)
		go q.Claim(queue.Retries)
		synctest.Wait()
		n, err := q.Cancel(func(*queue.Waiting) (history.Attempt, queue.Verdict) { return canceled, queue.End })
		if n != 900-512 || err != nil {
			t.Fatalf("canceled %d, %v", n, err)
		}
		close(release)
		synctest.Wait()
		r.append(ids(901, 1800), "a")
		same(t, "what came later", r.drain("a"), ids(901, 1800))
		r.stop()
	})
}

// killedInFlight kills a journal that has a delivery in flight and one after it, of the
// same key, that waits for an hour.
func killedInFlight(t *testing.T) *running {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.keyed(1, "x", "x")
	q := r.Queue("a")
	claim(t, q, "e1")
	claim(t, q, "e2").Retry(retrying, time.Now().Add(time.Hour))
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	after := fs.Kill()
	r.stop()
	return start(t, after, journal.Options{})
}

// What a kill leaves before what was begun comes first, though no more than so
// many deliveries may wait.
func TestOrderBehindAKill(t *testing.T) {
	for _, order := range []queue.Order{{All: true}, {By: "data.k"}} {
		synctest.Test(t, func(t *testing.T) {
			r := killedInFlight(t)
			q := r.Queue("a")
			q.Order(order)
			time.Sleep(2 * time.Hour)
			flying := map[string]*queue.Lease{}
			for range 4 {
				if l, ok := q.Claim(queue.RetriesOnly); ok {
					flying[id(l)] = l
				}
			}
			if len(flying) != 1 || flying["e1"] == nil {
				t.Fatalf("order %+v: handed out %v", order, flying)
			}
			flying["e1"].Done(delivered)
			same(t, "after it", r.drain("a"), []string{"e2"})
			r.stop()
		})
	}
}

// The oldest is a wait if all that is new has to follow another.
func TestOldestOfLines(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, _ *memfs.FS, r *running) {
		q := r.Queue("a")
		q.Order(queue.Order{By: "data.k"})
		r.keyed(1, "y", "x", "x")
		l := claim(t, q, "e1")
		claim(t, q, "e2")
		l.Retry(retrying, time.Now().Add(time.Second))
		time.Sleep(time.Second)
		if l, ok := q.Claim(queue.Oldest); !ok || id(l) != "e1" {
			t.Errorf("claimed %v, want e1", ok)
		}
		r.stop()
	})
}

// What is in a line keeps its time, unless it is made due.
func TestLineKeepsTimes(t *testing.T) {
	for _, hastened := range []bool{false, true} {
		runInBubble(t, journal.Options{}, func(t *testing.T, _ *memfs.FS, r *running) {
			q := r.Queue("a")
			r.keyed(1, "x", "x")
			first, second := claim(t, q, "e1"), claim(t, q, "e2")
			first.Retry(retrying, time.Now())
			second.Retry(retrying, time.Now().Add(time.Hour))
			q.Order(queue.Order{By: "data.k"})
			flying := map[string]*queue.Lease{}
			same(t, "the first", takeAll(q, flying), []string{"e1"})
			if hastened {
				q.RetryNow()
			}
			flying["e1"].Done(delivered)
			want := time.Hour
			if hastened {
				want = 0
			}
			if due, ok := q.Due(); !ok || time.Until(due) != want {
				t.Errorf("hastened %t: the second is due in %v, %t; want %v", hastened, time.Until(due), ok, want)
			}
			r.stop()
		})
	}
}

// Edits while the lines are found do not make lines of what was found before.
func TestOrderEditedWhileSorting(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		q := r.Queue("a")
		r.keyed(1, "x", "x")
		for _, l := range []*queue.Lease{claim(t, q, "e1"), claim(t, q, "e2")} {
			l.Retry(retrying, time.Now())
		}
		by := queue.Order{By: "data.k"}
		q.Order(by)
		release := stallOne(fs)
		go q.Claim(queue.Retries)
		synctest.Wait()
		q.Order(queue.Order{})
		l, ok := q.Claim(queue.Retries)
		if !ok {
			t.Fatal("nothing to claim without order")
		}
		q.Order(by)
		close(release)
		synctest.Wait()
		flying := map[string]*queue.Lease{}
		same(t, "while the other one is in flight", takeAll(q, flying), nil)
		l.Done(delivered)
		if got := takeAll(q, flying); len(got) != 1 {
			t.Errorf("after it: %v", got)
		}
		r.stop()
	})
}

// The bytes of a backlog survive a kill as its count does.
func TestBacklogBytesSurvive(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 10), "a")
		time.Sleep(10 * time.Second) // the cursors are written
		for range 4 {
			l, _ := r.Queue("a").Claim(queue.Retries)
			l.Done(delivered)
		}
		r.append(ids(11, 12), "a")
		want := r.Queue("a").Backlog()
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		fs = fs.Kill()
		r.stop()
		r = start(t, fs, journal.Options{})
		if got := r.Queue("a").Backlog(); got.Events != want.Events || got.Bytes != want.Bytes {
			t.Errorf("got %+v, want %+v", got, want)
		}
		r.stop()
	})
}
