package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

const (
	small = 8 << 10   // of a segment
	limit = 128 << 10 // of a folder
)

// fill appends and delivers so many events to a webhook, some at a time.
func (r *running) fill(from, to int, webhook string) {
	r.t.Helper()
	for _, list := range slices.Collect(slices.Chunk(ids(from, to), 20)) {
		r.append(list, webhook)
		r.drain(webhook)
		synctest.Wait()
	}
}

// age is the unit of the ages here.
const age = time.Minute

func TestKeep(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Retain(journal.Retention{Keep: 30 * age})
		r.fill(1, 200, "a")
		time.Sleep(10 * age)
		before := segments(t, fs, "events")
		r.fill(201, 400, "a")
		time.Sleep(19 * age)
		if got := segments(t, fs, "events"); got[0] != before[0] {
			t.Errorf("removed too soon: %v", got)
		}
		time.Sleep(2 * age)
		got := segments(t, fs, "events")
		if got[0] < before[len(before)-1] || len(got) < 2 {
			t.Errorf("%v is left of what is old, of %v", got, before)
		}
		if list := segments(t, fs, "deliveries"); strings.HasSuffix(list[0], "-00000000000000000001.jsonl") {
			t.Error("the deliveries of what was removed stay")
		}
		time.Sleep(30 * age)
		if got := segments(t, fs, "events"); len(got) != 1 {
			t.Errorf("%v is left, want the one being written", got)
		}
		if got := r.append(ids(1, 1), "a"); got[0].Seq != 401 && !got[0].Duplicate {
			t.Errorf("the next is %+v", got[0])
		}
		r.stop()
		sound(t, fs)
	})
}

// TestUndelivered: what waits is kept, however old, and nothing else is.
func TestUndelivered(t *testing.T) {
	for name, wait := range map[string]func(r *running){
		"unread or in the window": func(*running) {},
		"waits": func(r *running) {
			l, _ := r.Queue("paused").Claim(queue.Retries)
			l.Retry(history.Attempt{Status: history.Retrying, Event: id(l)}, time.Now().Add(1000*age))
		},
		"in flight": func(r *running) { r.Queue("paused").Claim(queue.Retries) },
		"orphaned": func(r *running) {
			r.Queue("paused").SetState(history.WebhookState{Name: "orphaned", Since: time.Now()})
		},
	} {
		for _, restart := range []string{"", "clean", "no cursors"} {
			t.Run(name+" "+restart, func(t *testing.T) {
				runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
					r.Retain(journal.Retention{Keep: 30 * age})
					r.append([]string{"x"}, "paused")
					r.fill(1, 300, "a")
					wait(r)
					time.Sleep(time.Minute)
					if restart != "" {
						r.stop()
						if fs = fs.Kill(); restart == "no cursors" {
							loseCursors(fs)
						}
						r = start(t, fs, journal.Options{SegmentSize: small})
						r.Retain(journal.Retention{Keep: 30 * age})
					}
					time.Sleep(40 * age)
					got := segments(t, fs, "events")
					if len(got) != 2 || !strings.HasSuffix(got[0], "-00000000000000000001.jsonl") {
						t.Errorf("%v is left, want the first and the last", got)
					}
					q := r.Queue("paused")
					if held := r.Held(q); held < small || held > 2*small {
						t.Errorf("it holds %d bytes, want those of a segment", held)
					}
					if name != "in flight" || restart != "" {
						q.RetryNow()
						same(t, "delivered", r.drain("paused"), []string{"x"})
						time.Sleep(time.Minute)
						if got := segments(t, fs, "events"); len(got) != 1 {
							t.Errorf("%v is left after its end", got)
						}
					}
					if n := len(segments(t, fs, "deliveries")); n > 3 {
						t.Errorf("%d segments of deliveries are left", n)
					}
					r.stop()
					sound(t, fs)
				})
			})
		}
	}
}

// TestResendHolds: the event that a resend points to stays until that has
// ended.
func TestResendHolds(t *testing.T) {
	for _, restart := range []string{"", "clean", "no cursors", "unclean"} {
		t.Run(restart, func(t *testing.T) {
			runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.Retain(journal.Retention{Keep: 30 * age})
				r.fill(1, 300, "a")
				reading := read(t, fs)
				a, err := reading.Event(query.EventRef{ID: "e1"})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Resend(context.Background(), journal.Resend{Of: a, To: []string{"b"}}); err != nil {
					t.Fatal(err)
				}
				r.fill(301, 500, "a")
				time.Sleep(time.Minute)
				if restart != "" {
					if restart != "unclean" {
						r.stop()
					}
					if fs = fs.Kill(); restart == "no cursors" {
						loseCursors(fs)
					}
					r = start(t, fs, journal.Options{SegmentSize: small})
					r.Retain(journal.Retention{Keep: 30 * age})
				}
				time.Sleep(40 * age)
				if got := segments(t, fs, "events"); !strings.HasSuffix(got[0], "-00000000000000000001.jsonl") || len(got) > 3 {
					t.Errorf("%v is left, want the event, its resend and the last", got)
				}
				if got := r.drain("b"); !slices.Equal(got, []string{"e1"}) {
					t.Errorf("the resend delivers %v", got)
				}
				time.Sleep(time.Minute)
				if got := segments(t, fs, "events"); len(got) != 1 {
					t.Errorf("%v is left after its end", got)
				}
				if _, err := r.Resend(context.Background(), journal.Resend{Of: a, To: []string{"b"}}); !errors.Is(err, history.ErrNotFound) {
					t.Errorf("a resend of what is removed: %v", err)
				}
				r.stop()
				sound(t, fs)
			})
		})
	}
}

// TestMaxSize: a webhook paused since the first day holds the segments that
// have events for it, and no others.
func TestMaxSize(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Retain(journal.Retention{Keep: 30 * age, MaxSize: limit})
		historytest.Rewrite(t, fs, "events-00000000000000000001.jsonl.torn", []byte("torn"))
		historytest.Rewrite(t, fs, "events-00000000000000000001.jsonl.bak", []byte("not ours"))
		historytest.Rewrite(t, fs, "notes.jsonl", []byte(strings.Repeat("not ours\n", limit)))
		r.append([]string{"x1"}, "paused")
		for i := range 20 {
			r.fill(1+100*i, 100+100*i, "a")
			if i == 10 {
				r.append([]string{"x2"}, "paused")
			}
			if size, _ := r.Size(); size > limit {
				t.Errorf("the folder has %d bytes", size)
			}
		}
		got := segments(t, fs, "events")
		if !strings.HasSuffix(got[0], "-00000000000000000001.jsonl") || len(got) > 6 {
			t.Errorf("%v is left", got)
		}
		var removed [][2]uint64
		if err := json.Unmarshal(historytest.Content(t, fs, "removed.json"), &removed); err != nil || len(removed) != 2 {
			t.Errorf("removed %v %v, want two ranges about x2", removed, err)
		}
		same(t, "paused", r.drain("paused"), []string{"x1", "x2"})
		r.fill(2001, 2600, "a")
		if got := segments(t, fs, "events"); strings.HasSuffix(got[0], "-00000000000000000001.jsonl") {
			t.Errorf("the first segment is kept when nothing waits in it: %v", got)
		}
		names, _ := fs.List()
		if slices.Contains(names, "events-00000000000000000001.jsonl.torn") {
			t.Error("the torn bytes of a removed segment are left")
		}
		if !slices.Contains(names, "notes.jsonl") || !slices.Contains(names, "events-00000000000000000001.jsonl.bak") {
			t.Error("a file that is not the history's is gone")
		}
		if text := string(historytest.Content(t, fs, "removed.json")); strings.Count(text, "[") != 2 {
			t.Errorf("neighbouring ranges are not merged: %s", text)
		}
		r.stop()
		sound(t, fs)
	})
}

// TestFull: with nothing but undelivered events left, events are refused, the
// outcomes are written, and it continues by itself.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		var told []int
		r := start(t, fs, journal.Options{Low: func(percent int, bytes, of int64) { told = append(told, percent) }})
		r.Retain(journal.Retention{Keep: 30 * age, MaxSize: limit})
		r.fill(1, 50, "other")
		var err error
		var accepted []string
		for i := 0; err == nil; i++ {
			id := fmt.Sprint("x", i)
			if _, err = r.Append(context.Background(), []history.Entry{entry(t, id, "paused")}); err == nil {
				accepted = append(accepted, id)
			}
			if i%50 == 0 {
				time.Sleep(20 * time.Second)
			}
		}
		if !errors.Is(err, history.ErrNoRoom) || !strings.Contains(err.Error(), `the webhook "paused"`) || !strings.Contains(err.Error(), "history.max_size, 0.1 MiB") {
			t.Errorf("append: %v", err)
		}
		if !r.Full() {
			t.Error("it does not say that it is full")
		}
		if size, _ := r.Size(); size < limit*9/10 || size > limit {
			t.Errorf("the folder has %d bytes, want about %d", size, limit)
		}
		if !slices.Equal(told, []int{70, 90}) {
			t.Errorf("reported %v percent", told)
		}
		time.Sleep(100 * age)
		if _, err := r.Append(context.Background(), []history.Entry{entry(t, "y", "paused")}); !errors.Is(err, history.ErrNoRoom) {
			t.Errorf("append long after: %v", err)
		}
		same(t, "delivered", r.drain("paused"), accepted)
		time.Sleep(time.Minute)
		if r.Full() {
			t.Error("it is full when nothing waits")
		}
		if got := r.append([]string{"y"}, "paused"); got[0].Duplicate {
			t.Error("the refused event is taken for a repeat")
		}
		r.stop()
		sound(t, fs)
	})
}

// TestBacklogGivesWay: what is beyond max_backlog ends before an event is
// refused for want of room, however fast they come.
func TestBacklogGivesWay(t *testing.T) {
	runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.Retain(journal.Retention{Keep: 30 * age, MaxSize: 16 * limit})
		r.Queue("paused").Limit(7, queue.Limit{Setting: "max_backlog 128KiB", Size: limit})
		d := event.Decoder{Source: "test"}
		begun := time.Now()
		for i := range 400 {
			e, err := d.Plain(fmt.Appendf(nil, `{"type":"a.b","id":"x%d","data":"%s"}`, i, strings.Repeat("x", small)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Append(context.Background(), []history.Entry{{Event: e, To: []string{"paused"}}}); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the events waited for %v", took)
		}
		time.Sleep(time.Minute)
		if got := r.drain("paused"); len(got) < 10 || got[len(got)-1] != "x399" {
			t.Errorf("%d are left, the last is %v", len(got), got[max(0, len(got)-1):])
		}
		r.stop()
		sound(t, fs)
	})
}

// TestRetainAtAReload: a larger limit ends the refusal, a smaller one removes.
func TestRetainAtAReload(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.fill(1, 1000, "a")
		before := len(segments(t, fs, "events"))
		time.Sleep(time.Minute)
		if n := len(segments(t, fs, "events")); n != before {
			t.Fatalf("%d of %d segments without a limit", n, before)
		}
		r.Retain(journal.Retention{MaxSize: limit})
		time.Sleep(time.Second)
		if size, _ := r.Size(); size > limit {
			t.Errorf("the folder has %d bytes", size)
		}
		r.stop()
		sound(t, fs)
	})
}

// TestLongStop: the time of a stop that was longer than keep makes nothing
// old.
func TestLongStop(t *testing.T) {
	for name, lose := range map[string]bool{"cursors": false, "no cursors": true} {
		t.Run(name, func(t *testing.T) {
			runInBubble(t, journal.Options{SegmentSize: small}, func(t *testing.T, fs *memfs.FS, r *running) {
				r.fill(1, 300, "a")
				time.Sleep(10 * age)
				r.stop()
				if fs = fs.Kill(); lose {
					loseCursors(fs)
				}
				before := len(segments(t, fs, "events"))
				time.Sleep(31 * age)
				r = start(t, fs, journal.Options{SegmentSize: small})
				r.Retain(journal.Retention{Keep: 30 * age})
				time.Sleep(age)
				if n := len(segments(t, fs, "events")); n != before {
					t.Errorf("%d of %d segments are left", n, before)
				}
				time.Sleep(30 * age)
				if n := len(segments(t, fs, "events")); n != 1 {
					t.Errorf("%d segments are left when they are old", n)
				}
				r.stop()
			})
		})
	}
}
