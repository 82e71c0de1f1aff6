package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/queue"
)

// rename moves so many deliveries to another name.
func (r *running) rename(was, to string, want int) {
	r.t.Helper()
	if n, err := r.Rename(context.Background(), was, to, 1); n != want || err != nil {
		r.t.Fatalf("renamed %d of %s to %s, %v; want %d", n, was, to, err, want)
	}
}

// TestRename: what waits goes on under the new name, in its order and before
// what comes later, and is ended under the former one; over a restart, too, and
// back again.
func TestRename(t *testing.T) {
	for name, restart := range restarts {
		for _, many := range []int{3, 1300} { // some; and more than a window holds
			t.Run(fmt.Sprint(name, ", ", many), func(t *testing.T) {
				fs := memfs.New()
				r := start(t, fs, journal.Options{SegmentSize: 64 << 10})
				r.append(ids(1, many), "a")
				claim(t, r.Queue("a"), "e1").Retry(failed, time.Now().Add(time.Hour))
				accepted := r.Queue("a").Backlog().Oldest
				r.rename("a", "b", many)
				r.append(ids(many+1, many+2), "b")
				fs = restart(t, r, fs)
				r = start(t, fs, journal.Options{SegmentSize: 64 << 10})
				if b := r.Queue("a").Backlog(); b != (queue.Backlog{}) {
					t.Errorf("the former name has %+v", b)
				}
				if b := r.Queue("b").Backlog(); b.Events != many+2 || b.Oldest.Sub(accepted).Abs() > time.Millisecond {
					t.Errorf("the new name has %+v, want %d since %v", b, many+2, accepted)
				}
				r.rename("b", "a", many+2)
				first := claim(t, r.Queue("a"), "e1")
				if first.Attempt != 1 || first.Resend {
					t.Errorf("attempt %d, resend %t; want the first one of no resend", first.Attempt, first.Resend)
				}
				first.Done(delivered)
				same(t, "a", r.drain("a"), ids(2, many+2))
				r.stop()
				sound(t, fs)
			})
		}
	}
}

// TestRenameInFlight: a delivery that is in flight is not sent under the new
// name before that attempt is over, and not at all if the attempt ends it (K2).
func TestRenameInFlight(t *testing.T) {
	for name, order := range map[string]queue.Order{"no order": {}, "all": {All: true}, "by key": {By: "type"}} {
		for end, c := range map[string]struct {
			end  func(*queue.Lease)
			want []string
		}{
			"delivered": {func(l *queue.Lease) { l.Done(delivered) }, ids(2, 3)},
			"failed":    {func(l *queue.Lease) { l.Retry(failed, time.Now().Add(time.Hour)) }, ids(1, 3)},
			"released":  {func(l *queue.Lease) { l.Release(nil, time.Now()) }, ids(1, 3)},
		} {
			t.Run(name+", "+end, func(t *testing.T) {
				runInBubble(t, journal.Options{}, func(t *testing.T, fs *memfs.FS, r *running) {
					a, b := r.Queue("a"), r.Queue("b")
					a.Order(order)
					b.Order(order)
					r.append(ids(1, 3), "a")
					l := claim(t, a, "e1")
					r.rename("a", "b", 3)
					r.rename("a", "b", 0)
					flying := map[string]*queue.Lease{}
					if got := takeAll(b, flying); slices.Contains(got, "e1") || order != (queue.Order{}) && len(got) > 0 {
						t.Errorf("got %v while e1 is in flight", got)
					}
					c.end(l)
					if n := a.Backlog(); n != (queue.Backlog{}) {
						t.Errorf("the former name has %+v", n)
					}
					for _, l := range flying {
						l.Release(nil, time.Now())
					}
					got := append(r.drain("b"), r.drain("b")...) // the first claim may only put them in order
					if slices.Sort(got); order == (queue.Order{}) {
						same(t, "b", got, c.want)
					} else {
						same(t, "b, in order", got, c.want)
					}
					if n := b.Backlog().Events; n != 0 {
						t.Errorf("the new name has %d", n)
					}
					r.stop()
					sound(t, fs)
				})
			})
		}
	}
}

// TestRenameWithoutRoom moves nothing, and everything once there is some.
func TestRenameWithoutRoom(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 3), "a")
	fs.SetFault(func(op memfs.Op) error {
		if op.Kind == memfs.Write {
			return syscall.ENOSPC
		}
		return nil
	})
	if n, err := r.Rename(context.Background(), "a", "b", 1); n != 0 || !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("renamed %d, %v; want ErrNoRoom", n, err)
	}
	if a, b := r.Queue("a").Backlog().Events, r.Queue("b").Backlog().Events; a != 3 || b != 0 {
		t.Errorf("%d and %d wait, want all under the former name", a, b)
	}
	fs.SetFault(nil)
	r.rename("a", "b", 3)
	same(t, "b", r.drain("b"), ids(1, 3))
}

// TestRenameOfResends: a resend stays one.
func TestRenameOfResends(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 1), "a")
	claim(t, r.Queue("a"), "e1").Done(delivered)
	r.resend(fs, 1, "a")
	r.rename("a", "b", 1)
	fs = restarts["a kill"](t, r, fs)
	r = start(t, fs, journal.Options{})
	l := claim(t, r.Queue("b"), "e1")
	if !l.Resend {
		t.Error("it is no resend any more")
	}
	l.Done(delivered)
	r.stop()
	sound(t, fs)
}

// TestStoryOfARename: each name tells what became of the event there, and no bulk
// of resends takes the end under the former name for a loss.
func TestStoryOfARename(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 1), "a", "c")
	r.rename("a", "b", 1)
	claim(t, r.Queue("b"), "e1").Done(delivered)
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	reading := read(t, fs)
	s, err := reading.Trace(query.EventRef{ID: "e1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range s.Statuses() {
		got = append(got, fmt.Sprintf("%s %s %s", x.Webhook, x.Status, x.Why()))
	}
	same(t, "standings", got, []string{"a canceled ", "c waiting ", "b delivered renamed from a"})
	m, err := reading.Bulk(context.Background(), query.Bulk{Statuses: history.Undelivered(), Since: time.Now().Add(-time.Hour)})
	if err != nil || m.Count != 0 {
		t.Errorf("%d to be sent again, %v; want none", m.Count, err)
	}
	r.stop()
}

// TestConfigLines: one for each webhook and generation, before its first
// attempt, also where two generations alternate.
func TestConfigLines(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, journal.Options{})
	r.append(ids(1, 5), "b")
	b := r.Queue("b")
	b.Configure(history.Config{Generation: 1, URL: "https://b.example"})
	b.Configure(history.Config{Generation: 2, URL: "https://b.example"})
	for i := range 5 {
		l, _ := b.Claim(queue.Retries)
		l.Done(history.Attempt{Generation: history.Generation(2 - i%2), Status: history.Delivered})
	}
	r.stop()
	reading := read(t, fs)
	var got []string
	if err := reading.Records(func(o *history.DeliveryRecord) bool {
		got = append(got, fmt.Sprint(o.Kind, " ", o.Webhook, o.Generation))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"config b2", "attempt b2", "config b1", "attempt b1", "attempt b2", "attempt b1", "attempt b2"}
	if !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}
