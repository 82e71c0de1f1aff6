package history_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/segment"
	"sidehook/history/segment/memfs"
)

// books is what was promised and done over the lives of a journal.
type books struct {
	t         *testing.T
	rng       *rand.Rand
	posted    int
	accepted  map[string]bool // by webhook and id
	delivered map[string]int  // ended by a lease, recorded or not
	unsure    map[string]bool // posted and never answered
	retention history.Retention
	step      func() // what else is done between the steps
}

var webhooks = []string{"a", "b", "c"}

// live runs a journal for a while: events come, some deliveries end, others
// wait, clocks go on, until something fails or the steps are done.
func (b *books) live(fs *memfs.FS, steps int) {
	j, err := history.OpenFS(fs, history.Options{SegmentSize: 8 << 10, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return // the power went in recovery
	}
	j.Retain(b.retention)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	for range steps {
		if b.rng.IntN(2) == 0 {
			b.post(j)
		}
		for range b.rng.IntN(6) {
			b.deliver(j)
		}
		if b.rng.IntN(3) == 0 {
			time.Sleep(time.Duration(b.rng.IntN(3000)) * time.Millisecond)
		}
		synctest.Wait()
		if j.Failed() != nil {
			break
		}
		if b.step != nil {
			b.step()
		}
	}
	cancel()
	<-ended
	j.Close()
}

func (b *books) post(j *history.Journal) {
	var to []string
	for _, name := range webhooks {
		if b.rng.IntN(2) == 0 {
			to = append(to, name)
		}
	}
	n := 1 + b.rng.IntN(8)
	list := ids(b.posted+1, b.posted+n)
	b.posted += n
	var entries []history.Entry
	for _, id := range list {
		entries = append(entries, entry(b.t, id, to...))
	}
	_, err := j.Append(context.Background(), entries)
	for _, id := range list {
		for _, name := range to {
			switch {
			case err == nil:
				b.accepted[name+" "+id] = true
			case errors.Is(err, history.ErrNoRoom):
			default:
				b.unsure[name+" "+id] = true
			}
		}
	}
}

func (b *books) deliver(j *history.Journal) {
	q := j.Queue(webhooks[b.rng.IntN(len(webhooks))])
	q.Configure(history.Config{Generation: 1, URL: "https://example.com"})
	l, ok := q.Claim(history.Pick(b.rng.IntN(3)))
	if !ok {
		return
	}
	key := q.Name() + " " + id(l)
	if !b.accepted[key] && !b.unsure[key] {
		b.t.Fatalf("delivery of %q, which was never posted", key)
	}
	switch b.rng.IntN(4) {
	case 0:
		l.Retry(history.Attempt{Generation: 1, Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Duration(b.rng.IntN(5000))*time.Millisecond))
	case 1:
		l.Release(nil, time.Now())
	default:
		b.delivered[key]++
		l.Done(history.Attempt{Generation: 1, Status: history.Delivered, Event: id(l)})
	}
}

// balance drains what is left, on a disk that works, and checks that each
// accepted event reached each of its webhooks.
func (b *books) balance(fs *memfs.FS) {
	j, err := history.OpenFS(fs, history.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.t.Fatalf("open at the end: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	for _, name := range webhooks {
		q := j.Queue(name)
		q.Hasten()
		for {
			l, ok := q.Claim(history.Retries)
			if !ok {
				break
			}
			b.delivered[name+" "+id(l)]++
			l.Done(history.Attempt{Status: history.Delivered, Event: id(l)})
		}
		if left := q.Backlog(); left.Events != 0 {
			b.t.Errorf("%s: %+v is left and cannot be claimed", name, left)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		b.t.Errorf("the last run: %v", err)
	}
	j.Close()
	configured(b.t, fs)
	for key := range b.accepted {
		if b.delivered[key] == 0 {
			b.t.Errorf("%s was accepted and never delivered", key)
		}
	}
}

func newBooks(t *testing.T, rng *rand.Rand) *books {
	return &books{t: t, rng: rng, accepted: map[string]bool{}, delivered: map[string]int{}, unsure: map[string]bool{}}
}

// TestCrashes lets the power go at random, over and over, with and without the
// cursors: H1 to H4.
func TestCrashes(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 3))
				b := newBooks(t, rng)
				fs := memfs.New()
				for range 5 {
					if rng.IntN(3) > 0 {
						fs.SetFault(memfs.From(fs.Ops()+20+rng.IntN(400), errors.New("power cut")))
					}
					b.live(fs, 60)
					if rng.IntN(3) == 0 {
						fs = fs.Kill()
					} else {
						fs = fs.Crash(rng)
					}
					if rng.IntN(3) == 0 {
						fs.Remove("cursors.json")
					}
				}
				b.balance(fs)
			})
		})
	}
}

// TestCleanStopsRepeatNothing delivers each event exactly once over clean
// restarts, with and without the cursors: H4.
func TestCleanStopsRepeatNothing(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 4))
				b := newBooks(t, rng)
				fs := memfs.New()
				for range 5 {
					b.live(fs, 40)
					fs = fs.Kill()
					if rng.IntN(2) == 0 {
						fs.Remove("cursors.json")
						fs.Remove("cursors.previous.json")
					}
				}
				b.balance(fs)
				for key, n := range b.delivered {
					if n != 1 {
						t.Errorf("%s was delivered %d times", key, n)
					}
				}
				r, err := history.ReadFS(fs)
				if err != nil {
					t.Fatal(err)
				}
				checked, err := r.Check(func(int64, int64) {})
				if err != nil || len(checked.Problems) > 0 {
					t.Errorf("check: %v %v", err, checked.Problems)
				}
			})
		})
	}
}

// TestFailedSyncEndsIt: H5, S4.
func TestFailedSyncEndsIt(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, history.Options{})
	r.append(ids(1, 3), "a")
	broken := errors.New("input/output error")
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Sync {
			return broken
		}
		return nil
	})
	_, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")})
	if !errors.Is(err, history.ErrFailed) || !errors.Is(err, broken) {
		t.Errorf("append: %v", err)
	}
	if err := <-r.ended; !errors.Is(err, broken) {
		t.Errorf("run: %v", err)
	}
	r.ended <- nil
	if _, err := r.Append(context.Background(), []history.Entry{entry(t, "y", "a")}); !errors.Is(err, history.ErrFailed) {
		t.Errorf("append after that: %v", err)
	}
	if got := r.drain("a"); slices.Contains(got, "x") {
		t.Error("what was not acknowledged is delivered from memory")
	}
}

// TestFullDisk refuses events, keeps outcomes, and goes on by itself.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		r := start(t, fs, history.Options{})
		r.append(ids(1, 50), "a")
		synctest.Wait()
		free, size, _ := fs.Free()
		fs.SetCapacity(size - free + 100)
		for range 2 {
			if _, err := r.Append(context.Background(), []history.Entry{entry(t, "x", "a")}); !errors.Is(err, history.ErrNoRoom) {
				t.Fatalf("append: %v", err)
			}
		}
		same(t, "delivered meanwhile", r.drain("a"), ids(1, 50))
		time.Sleep(time.Minute)
		fs.SetCapacity(-1)
		time.Sleep(time.Second)
		if got := r.append([]string{"x"}, "a"); got[0].Duplicate {
			t.Error("the refused event is taken for a repeat")
		}
		r.stop()
		fs = fs.Kill()
		r = start(t, fs, history.Options{})
		same(t, "after a restart", r.drain("a"), []string{"x"})
		r.stop()
	})
}

// flip changes a bit in the line of the events that holds a text.
func flip(t *testing.T, fs *memfs.FS, holding string) {
	t.Helper()
	name := segment.Events.File(1)
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, _ := f.Size()
	content := make([]byte, size)
	f.ReadAt(content, 0)
	at := strings.Index(string(content), holding)
	if at < 0 {
		t.Fatalf("no line holds %s", holding)
	}
	content[at] ^= 4
	if err := segment.ReplaceFile(fs, name, content); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedEvent skips one line and delivers all others.
func TestDamagedEvent(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, history.Options{})
	r.append(ids(1, 5), "a")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	flip(t, fs, `"id":"e3"`)
	r = start(t, fs, history.Options{})
	same(t, "delivered", r.drain("a"), []string{"e1", "e2", "e4", "e5"})
	if n := r.DamagedLines(); n != 1 {
		t.Errorf("%d damaged lines counted, want 1", n)
	}
	if b := r.Queue("a").Backlog(); b.Events != 0 {
		t.Errorf("backlog %+v", b)
	}
}

// TestDamageBesideWaits ends the delivery of the damaged event alone: what
// waits beside it is there after the next clean stop, and the damaged event's
// number is never another's.
func TestDamageBesideWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		r := start(t, fs, history.Options{})
		r.append(ids(1, 2), "a")
		for range 2 {
			l, _ := r.Queue("a").Claim(history.Retries)
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(time.Hour))
		}
		time.Sleep(time.Second) // the attempts are written, the cursors are not
		fs = fs.Kill()
		flip(t, fs, `"id":"e2"`)

		r = start(t, fs, history.Options{})
		if b := r.Queue("a").Backlog(); b.Events != 2 {
			t.Errorf("backlog %+v, want both", b)
		}
		q := r.Queue("a")
		q.Hasten()
		l, ok := q.Claim(history.Retries)
		if !ok || id(l) != "e1" {
			t.Fatalf("claimed %v", ok)
		}
		l.Retry(history.Attempt{Status: history.Retrying, Event: "e1"}, time.Now().Add(time.Hour))
		row := q.Row()
		if _, ok := q.Claim(history.Retries); ok { // meets e2, which ends
			t.Error("a damaged event was handed out")
		}
		if got := q.Row(); got != row {
			t.Errorf("%+v by a damaged event, which says nothing of the receiver, want %+v", got, row)
		}
		if b := q.Backlog(); b.Events != 1 {
			t.Errorf("backlog %+v, want e1", b)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}

		r = start(t, fs, history.Options{})
		if got := r.append([]string{"e3"}, "a"); got[0].Seq != 3 {
			t.Errorf("e3 has seq %d, want 3: 2 was the damaged event's", got[0].Seq)
		}
		r.Queue("a").Hasten()
		same(t, "after the clean stop", r.drain("a"), []string{"e1", "e3"})
		r.stop()
	})
}
