package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// books is what was promised and done over the lives of a journal.
type books struct {
	t         *testing.T
	rng       *rand.Rand
	seed      uint64 // of rng
	posted    int
	acked     int             // of the events posted
	accepted  map[string]bool // by webhook and id
	delivered map[string]int  // ended by a lease, recorded or not
	unsure    map[string]bool // posted and never answered
	retention journal.Retention
	step      func() // what else is done between the steps
}

var webhooks = []string{"a", "b", "c"}

// live runs a journal for a while: events come, some deliveries end, others
// wait, clocks go on, until something fails or the steps are done.
func (b *books) live(fs *memfs.FS, steps int) {
	j, err := journal.OpenFS(fs, journal.Options{SegmentSize: 8 << 10, Log: slog.New(slog.DiscardHandler)})
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
		if history.Ended(j.Fault()) {
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

func (b *books) post(j *journal.Journal) {
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
	if err == nil {
		b.acked += n
	}
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

func (b *books) deliver(j *journal.Journal) {
	q := j.Queue(webhooks[b.rng.IntN(len(webhooks))])
	q.Configure(history.Config{Generation: 1, URL: "https://example.com"})
	l, ok := q.Claim(queue.ClaimMode(b.rng.IntN(3)))
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
	j, err := journal.OpenFS(fs, journal.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.t.Fatalf("open at the end: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	for _, name := range webhooks {
		q := j.Queue(name)
		q.RetryNow()
		for {
			l, ok := q.Claim(queue.Retries)
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
	repeated := 0
	for _, n := range b.delivered {
		repeated += n - 1
	}
	b.t.Attr("acknowledged", fmt.Sprint(b.acked))
	b.t.Attr("repeated", fmt.Sprint(repeated))
}

// once checks that nothing was delivered twice.
func (b *books) once() {
	for key, n := range b.delivered {
		if n != 1 {
			b.t.Errorf("%s was delivered %d times", key, n)
		}
	}
}

// some is how many seeds of so many are tried: in a short run a quarter.
func some(seeds uint64) uint64 {
	if testing.Short() {
		return (seeds + 3) / 4
	}
	return seeds
}

// lives runs a test so many times, in parallel, each in a bubble with its own books
// and random numbers. No two tests have the same stream.
func lives(t *testing.T, seeds, stream uint64, test func(t *testing.T, b *books)) {
	for seed := range some(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				test(t, &books{
					t: t, rng: rand.New(rand.NewPCG(seed, stream)), seed: seed,
					accepted: map[string]bool{}, delivered: map[string]int{}, unsure: map[string]bool{},
				})
			})
		})
	}
}
