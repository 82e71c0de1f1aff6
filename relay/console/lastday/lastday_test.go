package lastday_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/console/lastday"
)

// part is a count of the history of a test.
type part struct {
	webhook string
	at      time.Time
	lastday.Hour
}

// history is what a test reads.
type history struct {
	mu    sync.Mutex
	parts []part
	reads []time.Duration // how far back each went
	fails error
	takes time.Duration
}

func (h *history) read(ctx context.Context, since, until time.Time, visit func(string, time.Time, lastday.Hour) bool) error {
	time.Sleep(h.takes)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads = append(h.reads, until.Sub(since))
	for _, p := range h.parts {
		if !p.at.Before(since) && p.at.Before(until) && !visit(p.webhook, p.at, p.Hour) {
			break
		}
	}
	return h.fails
}

func (h *history) add(webhook string, at time.Time, count lastday.Hour) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, part{webhook, at, count})
}

// start is run at half past an hour.
func start(t *testing.T, h *history) *lastday.Days {
	time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(48*time.Hour + 30*time.Minute)))
	return run(t, h)
}

// look returns the hours of a webhook after a count.
func look(t *testing.T, d *lastday.Days, webhook string) [lastday.Hours]lastday.Hour {
	t.Helper()
	d.Refresh(t.Context(), time.Second)
	synctest.Wait()
	hours, ok := d.Of(webhook)
	if !ok {
		t.Fatal("it is not counted")
	}
	return hours
}

// TestCounts: hours slide, and agree with what a count from nothing gives.
func TestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		d := start(t, h)
		now := time.Now()
		h.add("a", now, lastday.Hour{Delivered: 1})
		h.add("a", now.Add(-23*time.Hour), lastday.Hour{Failed: 2})
		h.add("a", now.Add(-24*time.Hour), lastday.Hour{Failed: 100})
		h.add("b", now.Add(-2*time.Hour), lastday.Hour{GivenUp: 3})
		time.Sleep(time.Second)
		if got := look(t, d, "a"); got[23].Delivered != 1 || got[0].Failed != 2 || lastday.Sum(got) != (lastday.Hour{Delivered: 1, Failed: 2}) {
			t.Errorf("a has %v", got)
		}
		if got := look(t, d, "b"); got[21].GivenUp != 3 {
			t.Errorf("b has %v", got)
		}
		if got := look(t, d, "c"); lastday.Sum(got) != (lastday.Hour{}) {
			t.Errorf("c has %v", got)
		}
		for step := range 200 {
			time.Sleep(13 * time.Minute)
			h.add(fmt.Sprint("w", step%5), time.Now().Add(-40*time.Second), lastday.Hour{Delivered: uint32(step), Failed: 1})
			again := run(t, h)
			for _, webhook := range []string{"a", "b", "w0", "w3"} {
				if got, want := look(t, d, webhook), look(t, again, webhook); got != want {
					t.Fatalf("step %d: %s has %v, want %v", step, webhook, got, want)
				}
			}
		}
	})
}

// run runs Days in a bubble until the test ends.
func run(t *testing.T, h *history) *lastday.Days {
	d := lastday.New(h.read, slog.New(slog.DiscardHandler))
	var running sync.WaitGroup
	running.Go(func() { d.Run(t.Context()) })
	t.Cleanup(running.Wait)
	synctest.Wait()
	return d
}

// TestReadsOnce: all who look within a minute share a count, and hours that are over are
// not read again, but for a minute in which they may get more.
func TestReadsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		d := start(t, h)
		for _, c := range []struct {
			after time.Duration
			back  time.Duration // how far the read goes, 0: nothing is read
		}{
			{0, 23*time.Hour + 30*time.Minute},
			{30 * time.Second, 0},
			{30 * time.Second, 31 * time.Minute},
			{0, 0},
			{9 * time.Minute, 40 * time.Minute},
			{9 * time.Minute, 49 * time.Minute},
			{9 * time.Minute, 58 * time.Minute},
			{2*time.Minute + 30*time.Second, time.Hour + 30*time.Second},
			{time.Minute, time.Hour + 90*time.Second}, // the count before was within a minute of the end
			{time.Minute, 150 * time.Second},
		} {
			time.Sleep(c.after)
			h.reads = nil
			var looking sync.WaitGroup
			for range 10 {
				looking.Go(func() { d.Refresh(t.Context(), time.Second) })
			}
			looking.Wait()
			synctest.Wait()
			switch {
			case c.back == 0 && len(h.reads) > 0:
				t.Errorf("after %s: read %v, want none", c.after, h.reads)
			case c.back > 0 && (len(h.reads) != 1 || h.reads[0] != c.back):
				t.Errorf("after %s: read %v, want %v", c.after, h.reads, c.back)
			}
		}
	})
}

// TestNobodyWaits: a page is not held up by a count that takes long, and hears of it later.
func TestNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{takes: time.Minute}
		d := start(t, h)
		began := time.Now()
		d.Refresh(t.Context(), 100*time.Millisecond)
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("the first look took %s", took)
		}
		if _, ok := d.Of("a"); ok {
			t.Error("there are counts before they are counted")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, ok := d.Of("a"); !ok {
			t.Error("it was not counted")
		}
		time.Sleep(5 * time.Minute)
		began = time.Now()
		d.Refresh(t.Context(), 100*time.Millisecond)
		if took := time.Since(began); took != 0 {
			t.Errorf("with a count that is stale, the look took %s", took)
		}
	})
}

// TestForgets: counts that nobody looks at are let go of, and counted anew.
func TestForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		d := start(t, h)
		h.add("a", time.Now().Add(-time.Hour), lastday.Hour{Delivered: 1})
		look(t, d, "a")
		time.Sleep(20 * time.Minute)
		if _, ok := d.Of("a"); ok {
			t.Error("they are kept")
		}
		if got := look(t, d, "a"); lastday.Sum(got).Delivered != 1 {
			t.Errorf("counted anew: %v", got)
		}
	})
}

// TestFailure: after a read that fails, the counts are as before, and the next one counts.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		d := start(t, h)
		h.add("a", time.Now().Add(-time.Second), lastday.Hour{Delivered: 1})
		look(t, d, "a")
		h.add("a", time.Now(), lastday.Hour{Delivered: 1})
		time.Sleep(2 * time.Minute)
		h.fails = errors.New("the disk is away")
		if got := lastday.Sum(look(t, d, "a")); got.Delivered != 1 {
			t.Errorf("after a failure: %v", got)
		}
		h.fails = nil
		if got := lastday.Sum(look(t, d, "a")); got.Delivered != 2 {
			t.Errorf("after it: %v", got)
		}
	})
}

// TestMemory: 10,000 webhooks with attempts in each hour fit into a few megabytes.
func TestMemory(t *testing.T) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprint("webhook-", i)
	}
	read := func(_ context.Context, since, _ time.Time, visit func(string, time.Time, lastday.Hour) bool) error {
		for i := range names {
			for hour := range lastday.Hours {
				visit(names[i], since.Add(time.Duration(hour)*time.Hour), lastday.Hour{Delivered: 1})
			}
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := lastday.New(read, slog.New(slog.DiscardHandler))
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	defer running.Wait()
	defer cancel()
	before := heap()
	for ok := false; !ok; _, ok = d.Of("webhook-1") {
		d.Refresh(ctx, time.Second)
	}
	if used := heap() - before; used > 5<<20 {
		t.Errorf("it uses %d bytes, want at most 5 MiB", used)
	}
	runtime.KeepAlive(d)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
