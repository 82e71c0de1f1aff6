package journal_test

import (
	"context"
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
)

// TestFollow: who follows gets each record once and in order, over the ends of
// segments, from the beginning or from where it had come to.
func TestFollow(t *testing.T) {
	runInBubble(t, journal.Options{SegmentSize: 1000}, func(t *testing.T, fs *memfs.FS, r *running) {
		r.append(ids(1, 5), "a")
		r.drain("a")
		time.Sleep(time.Second)
		old := read(t, fs)
		newest, err := old.Newest()
		if err != nil || newest == 0 {
			t.Fatalf("newest %d, %v", newest, err)
		}
		follow := func(after history.LineNo) <-chan []history.LineNo {
			f := old.Follow(after)
			done := make(chan []history.LineNo, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				var got []history.LineNo
				for {
					o, err := f.Next(ctx)
					if err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
						done <- got
						return
					}
					got = append(got, o.N)
				}
			}()
			return done
		}
		// One at a time: a Reading is not for use by many.
		rest := follow(newest)
		for i := range 20 {
			r.append(ids(10+i, 10+i), "a")
			r.drain("a")
			time.Sleep(100 * time.Millisecond)
		}
		got := <-rest
		last, err := read(t, fs).Newest()
		if err != nil || last <= newest {
			t.Fatalf("newest %d, %v", last, err)
		}
		if want := span(newest+1, last); !slices.Equal(got, want) {
			t.Errorf("behind %d: got %v, want %v", newest, got, want)
		}
		if got, want := <-follow(0), span(1, last); !slices.Equal(got, want) {
			t.Errorf("from the beginning: got %v, want %v", got, want)
		}
		r.stop()
	})
}

func span(from, to history.LineNo) (list []history.LineNo) {
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

// TestIndexing: a segment has its index soon after it is finished, one that is
// missing is built at the next start, and one that cannot be written stops
// nothing.
func TestIndexing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := memfs.New()
		fs.SetFault(func(op memfs.Op) error {
			if strings.Contains(op.Name, ".idx") {
				return errors.New("broken")
			}
			return nil
		})
		r := start(t, fs, journal.Options{SegmentSize: 100 << 10})
		for i := range 20 {
			appendLong(t, r, fmt.Sprint("e", i))
		}
		time.Sleep(time.Minute)
		if names := historytest.Names(t, fs, "", ".idx"); len(names) > 0 {
			t.Fatalf("%v could be written", names)
		}
		fs.SetFault(nil)
		r.stop()

		r = start(t, fs, journal.Options{SegmentSize: 100 << 10})
		time.Sleep(time.Minute)
		names := historytest.Names(t, fs, "", ".idx")
		if len(names) != 3 {
			t.Fatalf("after a start there are %v, want an index for each of 3 finished segments", names)
		}
		fs.Remove(names[1])
		for i := range 6 {
			appendLong(t, r, fmt.Sprint("f", i))
		}
		time.Sleep(time.Minute)
		if names := historytest.Names(t, fs, "", ".idx"); len(names) < 4 {
			t.Errorf("after another segment there are %v", names)
		}
		for _, id := range []string{"e0", "e7", "e19", "f5"} {
			if _, err := read(t, fs).Event(query.EventRef{ID: id}); err != nil {
				t.Errorf("event %s: %v", id, err)
			}
		}
		r.stop()
	})
}

// appendLong appends an event of 20 KiB.
func appendLong(t *testing.T, r *running, id string) {
	t.Helper()
	e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q,"data":%q}`, id, strings.Repeat("x", 20<<10)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Append(context.Background(), []history.Entry{{Event: e, To: []string{"a"}}}); err != nil {
		t.Fatal(err)
	}
}
