package journal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
)

// TestShorn: what a clean stop left at the end of a segment, and is not there any
// more, is damage and no tear: the check says so before anything runs, and the
// start in its log. What is left is delivered, and no number is used again.
func TestShorn(t *testing.T) {
	name := segment.Events.File(1)
	lines := func(text []byte, n int) []byte { return bytes.Join(bytes.SplitAfter(text, []byte("\n"))[:n], nil) }
	for _, c := range []struct {
		name  string
		shear func(text []byte) []byte
		left  int
		cut   bool
	}{
		{"some lines", func(text []byte) []byte { return lines(text, 3) }, 3, false},
		{"within a line", func(text []byte) []byte { return text[:len(lines(text, 3))-20] }, 2, true},
		{"the last line's end", func(text []byte) []byte { return text[:len(text)-1] }, 4, true},
		{"all", func([]byte) []byte { return nil }, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.append(ids(1, 5), "a")
				r.stop()
				if problems := check(t, fs).Problems; len(problems) > 0 {
					t.Errorf("after a clean stop: %v", problems)
				}
				historytest.Rewrite(t, fs, name, c.shear(historytest.Content(t, fs, name)))
				missing := func(p history.Problem) bool {
					return p.File == name && strings.HasSuffix(p.What, "to 5 are missing at its end")
				}
				if problems := check(t, fs).Problems; !slices.ContainsFunc(problems, missing) {
					t.Errorf("the check says %v", problems)
				}
				var log loud
				r = start(t, fs, journal.Options{Log: log.logger()})
				if !strings.Contains(log.String(), "synced lines are missing") || strings.Contains(log.String(), "cut off a damaged line") != c.cut {
					t.Errorf("the log says %s", &log)
				}
				if damaged := r.DamagedLines(); damaged > 0 != c.cut {
					t.Errorf("%d damaged lines are counted", damaged)
				}
				r.append([]string{"new"}, "a")
				same(t, "delivered", r.drain("a"), append(ids(1, c.left), "new"))
				r.stop()
				if a, err := read(t, fs).Event(query.EventRef{ID: "new"}); err != nil || a.Seq != 6 {
					t.Errorf("the new one has seq %d, %v", a.Seq, err)
				}
			})
		})
	}
}

// TestShornDeliveries: so it is where what is left of the deliveries moves below a
// config line, and takes the numbers of those that are missing.
func TestShornDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := segment.Deliveries.File(1)
		fs := memfs.New()
		r := start(t, fs, journal.Options{})
		for i := range 3 {
			r.append(ids(i, i), "a")
			r.sent("a")
			time.Sleep(time.Second)
		}
		r.stop()
		text := historytest.Content(t, fs, name)
		historytest.Rewrite(t, fs, name, text[:len(text)-20])
		var log loud
		r = start(t, fs, journal.Options{Log: log.logger()})
		if !strings.Contains(log.String(), "cut off a damaged line") || !strings.Contains(log.String(), "from_n=4 to_n=4") || r.DamagedLines() != 1 {
			t.Errorf("%d damaged lines are counted; the log says %s", r.DamagedLines(), &log)
		}
		r.stop()
		configured(t, fs)
	})
}
