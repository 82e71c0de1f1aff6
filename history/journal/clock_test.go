package journal_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// wall is a wall clock that can be set.
type wall struct{ ahead atomic.Int64 }

func (w *wall) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())).Round(0) }

func (w *wall) set(ahead time.Duration) { w.ahead.Store(int64(ahead)) }

const year = 365 * 24 * time.Hour

// TestClockJumps: one that jumps while it runs expires nothing, and what was
// accepted before it and after it expires when it has waited for so long,
// also over a restart.
func TestClockJumps(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"ahead by a minute": time.Minute, "ahead by a year": year, "from 1970": 56 * year,
		"back by an hour": -hour, "back by a year": -year,
	} {
		for again, restart := range map[string]bool{"": false, ", and a restart": true} {
			t.Run(name+again, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fs, w := memfs.New(), &wall{}
					opts := journal.Options{Wall: w.now}
					r := start(t, fs, opts)
					r.Queue("a").Limit(7, afterAnHour)
					r.append(ids(1, 600), "a")
					r.accept(dated(t, "dated", w.now().Add(hour).Format(time.RFC3339), "a"))
					time.Sleep(hour / 2)
					w.set(by)
					time.Sleep(10 * time.Second)
					if restart {
						r.stop()
						r = start(t, fs, opts)
						r.Queue("a").Limit(7, afterAnHour)
					}
					r.append(ids(601, 1200), "a")
					r.accept(dated(t, "dated2", w.now().Add(hour).Format(time.RFC3339), "a"))
					time.Sleep(hour/2 - 20*time.Second)
					if n := r.Queue("a").Backlog().Events; n != 1202 {
						t.Fatalf("%d wait before the hour, want all", n)
					}
					time.Sleep(20 * time.Second)
					if n := r.Queue("a").Backlog().Events; n != 601 {
						t.Fatalf("%d wait after an hour, want 601", n)
					}
					if l, ok := r.Queue("a").Claim(queue.Oldest); !ok || id(l) != "e601" {
						t.Fatal("e601 cannot be claimed")
					}
					time.Sleep(hour/2 + 10*time.Second)
					if n := r.Queue("a").Backlog().Events; n != 1 {
						t.Fatalf("%d wait after another hour, want the one in flight", n)
					}
				})
			})
		}
	}
}

// TestClockAcrossAStop: it is believed, but for a step that is larger than
// keep, either way.
func TestClockAcrossAStop(t *testing.T) {
	for name, c := range map[string]struct {
		keep, by time.Duration
		kill     bool
		left     int
	}{
		"two hours":                     {0, 2 * hour, false, 0},
		"two hours, after a kill":       {0, 2 * hour, true, 0},
		"29 days":                       {0, 29 * 24 * hour, false, 0},
		"31 days":                       {0, 31 * 24 * hour, false, 3},
		"31 days, after a kill":         {0, 31 * 24 * hour, true, 3},
		"a day, with a keep of less":    {hour, 24 * hour, false, 3},
		"a year, with a keep of more":   {2 * year, year, false, 0},
		"an hour back":                  {0, -hour, false, 3},
		"a year back":                   {0, -year, false, 3},
		"56 years back, after a kill":   {0, -56 * year, true, 3},
		"a year ahead, with expirytime": {0, year, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fs, w := memfs.New(), &wall{}
				opts := journal.Options{Wall: w.now, Keep: c.keep}
				r := start(t, fs, opts)
				limits := []queue.Limit{afterAnHour}
				if strings.Contains(name, "expirytime") {
					limits = nil
				}
				r.Queue("a").Limit(7, limits...)
				r.accept(dated(t, "x", in(hour), "a"), dated(t, "y", in(hour), "a"), dated(t, "z", in(hour), "a"))
				time.Sleep(hour / 2)
				if c.kill {
					fs = fs.Kill()
				} else {
					r.stop()
				}
				w.set(c.by)
				// Twice: the first restart's answer stands at the second.
				for range 2 {
					r = start(t, fs, opts)
					r.Queue("a").Limit(7, limits...)
					time.Sleep(10 * time.Second)
					if n := r.Queue("a").Backlog().Events; n != c.left {
						t.Fatalf("%d wait, want %d", n, c.left)
					}
					r.stop()
				}
				if c.by < 0 && c.by.Abs() <= 30*24*hour {
					return // believed, so that they live longer
				}
				r = start(t, fs, opts)
				r.Queue("a").Limit(7, limits...)
				rest := hour / 2
				if c.kill {
					rest = hour // the cursors may be so old
				}
				time.Sleep(rest)
				if n := r.Queue("a").Backlog().Events; n != 0 {
					t.Errorf("%d wait after the rest of the hour", n)
				}
			})
		})
	}
}

// TestIdleForLong is no step of the clock: the cursors say until when it ran.
func TestIdleForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		opts := journal.Options{Keep: 2 * hour}
		r := start(t, fs, opts)
		r.append(ids(1, 3), "a")
		time.Sleep(9 * hour)
		fs = fs.Kill()
		r = start(t, fs, opts)
		r.Queue("a").Limit(7, queue.Limit{Setting: "expire_after", Age: 10 * hour})
		time.Sleep(hour + 2*time.Second)
		if n := r.Queue("a").Backlog().Events; n != 0 {
			t.Errorf("%d wait, want none: they are older than 10 hours", n)
		}
	})
}
