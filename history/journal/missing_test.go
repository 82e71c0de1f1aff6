package journal_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
	"sidehook/history/verify"
)

// stock appends so many events, which webhook b gets and webhook a does not yet. It
// returns which of them each segment has.
func (r *running) stock(fs *memfs.FS, events int) map[string][]string {
	r.t.Helper()
	for _, list := range slices.Collect(slices.Chunk(ids(1, events), 5)) {
		r.append(list, "a", "b")
		r.drain("b")
		synctest.Wait()
	}
	time.Sleep(time.Minute) // there is a checkpoint
	in := map[string][]string{}
	for _, name := range segments(r.t, fs, "events") {
		for line := range strings.Lines(string(historytest.Content(r.t, fs, name))) {
			_, id, _ := strings.Cut(line, `"id":"`)
			id, _, _ = strings.Cut(id, `"`)
			in[name] = append(in[name], id)
		}
	}
	return in
}

// TestMissingSegments takes segments of the events away while nothing runs, as people do
// who need room. The log says so at the start, and the check at the latest after it. All
// other events are delivered, nothing waits for what is gone, and no number is used again.
func TestMissingSegments(t *testing.T) {
	const events = 200
	times := 0
	for _, c := range []struct {
		name string
		gone func(all []string) []string
	}{
		{"the first", func(all []string) []string { return all[:1] }},
		{"one in the middle", func(all []string) []string { return all[len(all)/2:][:1] }},
		{"two in a row", func(all []string) []string { return all[1:3] }},
		{"the first and one in the middle", func(all []string) []string { return []string{all[0], all[2]} }},
		{"the last", func(all []string) []string { return all[len(all)-1:] }},
		{"all but the first", func(all []string) []string { return all[1:] }},
		{"all", func(all []string) []string { return all }},
	} {
		for _, stopped := range []bool{true, false} {
			for _, cursors := range []bool{true, false} {
				times++
				t.Run(fmt.Sprintf("%s, stopped %v, cursors %v", c.name, stopped, cursors), func(t *testing.T) {
					runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
						in := r.stock(fs, events)
						if stopped {
							r.stop()
						}
						fs = fs.Kill()
						if !cursors {
							loseCursors(fs)
						}
						all := segments(t, fs, "events")
						if len(all) < 5 {
							t.Fatalf("%d segments are too few for this test", len(all))
						}
						var left []string
						gone := c.gone(all)
						for _, name := range all {
							if !slices.Contains(gone, name) {
								left = append(left, in[name]...)
							} else if err := fs.Remove(name); err != nil {
								t.Fatal(err)
							}
						}
						// Nothing in the events themselves tells that the last ones are gone.
						seen := stopped && cursors || slices.Contains(segments(t, fs, "events"), all[len(all)-1])
						if lacks := missing(check(t, fs)); lacks != seen {
							t.Errorf("a check before the start finds that something is missing: %v, want %v", lacks, seen)
						}
						var log bytes.Buffer
						r = start(t, fs, journal.Options{SegmentSize: small, Log: slog.New(slog.NewTextHandler(&log, nil))})
						same(t, "delivered", r.drain("a"), left)
						same(t, "delivered again", r.drain("b"), nil)
						for _, name := range []string{"a", "b"} {
							if b := r.Queue(name).Backlog(); b != (queue.Backlog{}) {
								t.Errorf("%s: backlog %+v, want none", name, b)
							}
						}
						if !strings.Contains(log.String(), "level=ERROR") && !strings.Contains(log.String(), "level=WARN") {
							t.Errorf("the log says %q", &log)
						}
						r.append([]string{"new"}, "a", "b")
						r.stop()
						fs = fs.Kill()
						loseCursors(fs)
						r = start(t, fs, journal.Options{SegmentSize: small})
						same(t, "delivered after that", append(r.drain("a"), r.drain("b")...), []string{"new", "new"})
						r.stop()
						if a, err := read(t, fs).Event(query.EventRef{ID: "new"}); err != nil || a.Seq != events+1 {
							t.Errorf("the new event has seq %d, %v", a.Seq, err)
						}
						if !missing(check(t, fs)) {
							t.Error("a check after the start finds nothing missing")
						}
					})
				})
			}
		}
	}
	t.Attr("times", fmt.Sprint(times))
}

// TestMissingDeliveries takes segments of the deliveries away. What they told of may be sent
// again, and nothing is lost. The check says what is missing, and so does a start that reads
// all of it.
func TestMissingDeliveries(t *testing.T) {
	const events = 200
	times := 0
	for name, gone := range map[string]func(all []string) []string{
		"the first":         func(all []string) []string { return all[:1] },
		"one in the middle": func(all []string) []string { return all[len(all)/2:][:1] },
		"the last":          func(all []string) []string { return all[len(all)-1:] },
		"all":               func(all []string) []string { return all },
	} {
		for _, cursors := range []bool{true, false} {
			times++
			t.Run(fmt.Sprintf("%s, cursors %v", name, cursors), func(t *testing.T) {
				runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
					r.stock(fs, events)
					r.stop()
					fs = fs.Kill()
					if !cursors {
						loseCursors(fs)
					}
					all := segments(t, fs, "deliveries")
					if len(all) < 4 {
						t.Fatalf("%d segments are too few for this test", len(all))
					}
					for _, name := range gone(all) {
						if err := fs.Remove(name); err != nil {
							t.Fatal(err)
						}
					}
					seen := cursors || slices.Contains(segments(t, fs, "deliveries"), all[len(all)-1])
					if lacks := missing(check(t, fs)); lacks != seen {
						t.Errorf("a check before the start finds that something is missing: %v, want %v", lacks, seen)
					}
					var log bytes.Buffer
					r = start(t, fs, journal.Options{SegmentSize: small, Log: slog.New(slog.NewTextHandler(&log, nil))})
					if told := strings.Contains(log.String(), "are missing"); told != seen && !cursors {
						t.Errorf("the log says %q", &log)
					}
					same(t, "delivered", r.drain("a"), ids(1, events))
					r.drain("b") // again, what was not told
					r.append([]string{"new"}, "a", "b")
					same(t, "delivered after that", append(r.drain("a"), r.drain("b")...), []string{"new", "new"})
					r.stop()
					fs = fs.Kill()
					loseCursors(fs)
					r = start(t, fs, journal.Options{SegmentSize: small})
					same(t, "delivered once more", r.drain("a"), nil)
				})
			})
		}
	}
	t.Attr("times", fmt.Sprint(times))
}

// missing reports whether a check has found that records are missing.
func missing(c verify.Checked) bool {
	return slices.ContainsFunc(c.Problems, func(p history.Problem) bool { return strings.Contains(p.What, " are missing ") })
}

// TestBacklogOfMissing: what is gone does not count for the backlog any more, whose limit
// would end what is left.
func TestBacklogOfMissing(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.stock(fs, 100)
		r.stop()
		fs = fs.Kill()
		if err := fs.Remove(segments(t, fs, "events")[1]); err != nil {
			t.Fatal(err)
		}
		r = start(t, fs, journal.Options{SegmentSize: small})
		l, _ := r.Queue("a").Claim(queue.Retries)
		l.Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
		r.drain("a")
		if b := r.Queue("a").Backlog(); b.Events != 1 || b.Bytes != int64(l.Location.Length) {
			t.Errorf("backlog %+v, want one event of %d bytes", b, l.Location.Length)
		}
	})
}
