package journal_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
)

// copying is a copy of a folder that somebody takes beside the process that
// writes it, as cp and rsync do: the names first, then file by file.
type copying struct {
	from, to *memfs.FS
	names    []string // still to be copied
	vanished bool     // one of them was gone when its turn came

	accepted, ended map[string]bool // as the copy began
	posted          int             // by then
}

// orders are in which files are copied: by their names, as rsync does; in any
// order, as cp and tar do; and in the worst one of these.
var orders = []func(*rand.Rand, []string){
	func(*rand.Rand, []string) {},
	shuffle,
	func(rng *rand.Rand, names []string) {
		shuffle(rng, names)
		rank := map[string]int{"removed.json": -1, "removed-deliveries.json": 1}
		slices.SortStableFunc(names, func(a, b string) int { return rank[a] - rank[b] })
	},
}

func shuffle(rng *rand.Rand, names []string) {
	rng.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
}

// copyOf begins a copy.
func (b *books) copyOf(from, to *memfs.FS, order func(*rand.Rand, []string)) *copying {
	names, err := from.List()
	if err != nil {
		b.t.Fatal(err)
	}
	order(b.rng, names)
	c := &copying{from: from, to: to, names: names, posted: b.posted, accepted: maps.Clone(b.accepted), ended: map[string]bool{}}
	for key := range b.delivered {
		c.ended[key] = true
	}
	return c
}

// step copies the next file as it is now.
func (c *copying) step(t *testing.T) {
	name := c.names[0]
	c.names = c.names[1:]
	f, err := c.from.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		c.vanished = true
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, _ := f.Size()
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if err := vfs.ReplaceFile(c.to, name, content); err != nil {
		t.Fatal(err)
	}
}

// loud gathers what is logged as an error.
type loud struct{ strings.Builder }

func (l *loud) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelError}))
}

// verify opens a finished copy. It delivers the events that were accepted before the copy
// began, unless their delivery ended before the copy did. It repeats no delivery that
// ended before the copy began, and reports no damage.
func (c *copying) verify(b *books) {
	t := b.t
	sound(t, c.to)
	var log loud
	j, err := journal.OpenFS(c.to, journal.Options{SegmentSize: 8 << 10, Log: log.logger()})
	if err != nil {
		t.Fatalf("open the copy: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	again := map[string]int{}
	for _, name := range webhooks {
		q := j.Queue(name)
		q.RetryNow()
		for {
			l, ok := q.Claim(queue.Retries)
			if !ok {
				break
			}
			again[name+" "+id(l)]++
			l.Done(history.Attempt{Status: history.Delivered, Event: id(l)})
		}
		if left := q.Backlog(); left.Events != 0 {
			t.Errorf("%s: %+v is left in the copy and cannot be claimed", name, left)
		}
	}
	for key := range c.accepted {
		if again[key] == 0 && b.delivered[key] == 0 {
			t.Errorf("%s was accepted before the copy began and is not in it", key)
		}
	}
	for key, n := range again {
		if c.ended[key] || n > 1 {
			t.Errorf("%s was delivered before the copy began, and %d times from it", key, n)
		}
	}
	if _, err := j.Append(context.Background(), []history.Entry{entry(t, "new", "a")}); err != nil {
		t.Errorf("append to the copy: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run the copy: %v", err)
	}
	j.Close()
	if log.Len() > 0 {
		t.Errorf("the copy is said to be damaged:\n%s", &log)
	}
	for _, p := range check(t, c.to.Kill()).Problems {
		// Of what came meanwhile the deliveries may tell and the events not: that
		// much is missing before what the copy accepts itself.
		if !strings.HasPrefix(p.File, "events-") || !strings.HasSuffix(p.What, "missing before it") || b.posted == c.posted {
			t.Errorf("the copy after a run: %v", p)
		}
	}
}

// TestCopies takes copies of the folder while it is written, rotated and
// tidied, file by file between the steps.
func TestCopies(t *testing.T) {
	lives(t, 24, 5, func(t *testing.T, b *books) {
		if b.seed%4 > 0 {
			b.retention = journal.Retention{Keep: time.Duration(1+b.rng.IntN(20)) * time.Second}
		}
		fs := memfs.New()
		var c *copying
		b.step = func() {
			switch {
			case c == nil && b.rng.IntN(20) == 0:
				c = b.copyOf(fs, memfs.New(), orders[b.seed%3])
			case c != nil && len(c.names) > 0:
				for range 1 + b.rng.IntN(3) {
					if len(c.names) > 0 {
						c.step(t)
					}
				}
			case c != nil && c.vanished:
				// A second pass over the first, as one does with rsync.
				c = b.copyOf(fs, c.to, orders[0])
			case c != nil:
				c.verify(b)
				c = nil
			}
		}
		b.live(fs, 250)
	})
}
