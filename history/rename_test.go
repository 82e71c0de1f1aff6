package history_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/segment/memfs"
)

// TestRenameAndBack: the webhook of the old name takes over from the one that
// had taken over from it.
func TestRenameAndBack(t *testing.T) {
	r := start(t, memfs.New(), history.Options{})
	r.append(ids(1, 1), "a")
	r.append(ids(2, 2), "b")
	r.Queue("b").TakeOver(r.Queue("a"))
	r.Queue("a").TakeOver(r.Queue("b"))
	if b := r.Queue("a").Backlog(); b.Events != 2 {
		t.Errorf("backlog %+v, want 2 events", b)
	}
	same(t, "a", r.drain("a"), []string{"e2", "e1"})
}

// TestOrderOverNames: in an order, what was accepted for names that were given back
// and forth goes out as it was accepted.
func TestOrderOverNames(t *testing.T) {
	for name, order := range map[string]history.Order{"all": {All: true}, "by key": {By: "type"}} {
		t.Run(name, func(t *testing.T) {
			r := start(t, memfs.New(), history.Options{})
			a, b := r.Queue("a"), r.Queue("b")
			a.Order(order)
			r.append(ids(1, 2), "a")
			own := claim(t, a, "e1")
			b.Order(order)
			b.TakeOver(a)
			r.append(ids(3, 4), "b")
			a.TakeOver(b)
			r.append(ids(5, 6), "a")
			if l, ok := a.Claim(history.Retries); ok {
				t.Errorf("got %s while the first is in flight", id(l))
			}
			own.Done(delivered)
			r.append(ids(7, 7), "b") // by an event that was accepted ahead of the edit
			same(t, "a", r.drain("a"), ids(2, 7))
			r.stop()
		})
	}
}

// What was accepted for both names is delivered for both, and what has expired
// holds up nobody.
func TestTurnsOfNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, memfs.New(), history.Options{})
		a := r.Queue("a")
		a.Order(history.Order{All: true})
		a.TakeOver(r.Queue("b"))
		r.append(ids(1, 2), "a", "b")
		same(t, "of both names", r.drain("a"), []string{"e1", "e1", "e2", "e2"})
		a.Limit(1, history.Limit{Setting: "expire_after", Age: 5300 * time.Millisecond})
		r.append(ids(3, 3), "b")
		time.Sleep(time.Second)
		r.append(ids(4, 4), "a")
		time.Sleep(4400 * time.Millisecond) // the third has expired, which nobody has looked for
		claim(t, a, "e4").Done(delivered)
		r.stop()
	})
}

// TestCancelReachesFormerNames, however often it was renamed.
func TestCancelReachesFormerNames(t *testing.T) {
	r := start(t, memfs.New(), history.Options{})
	for i, name := range webhooks {
		r.append(ids(i, i), name)
	}
	r.Queue("b").TakeOver(r.Queue("a"))
	r.Queue("c").TakeOver(r.Queue("b"))
	n, err := r.Queue("c").Cancel(func(*history.Waiting) (history.Attempt, history.Verdict) {
		return history.Attempt{Status: history.Canceled}, history.End
	})
	if err != nil || n != 3 {
		t.Errorf("canceled %d, %v; want 3", n, err)
	}
}

// TestConfigLines: one for each webhook and generation, ahead of its first
// attempt, also where two generations alternate and where the delivery was
// accepted for a former name.
func TestConfigLines(t *testing.T) {
	fs := memfs.New()
	r := start(t, fs, history.Options{})
	r.append(ids(1, 1), "a")
	r.append(ids(2, 5), "b")
	b := r.Queue("b")
	b.Configure(history.Config{Generation: 1, URL: "https://b.example"})
	b.Configure(history.Config{Generation: 2, URL: "https://b.example"})
	b.TakeOver(r.Queue("a"))
	for i := range 5 {
		l, _ := b.Claim(history.Retries)
		l.Done(history.Attempt{Generation: uint64(2 - i%2), Status: history.Delivered})
	}
	r.stop()
	reading := read(t, fs)
	var got []string
	if err := reading.Outcomes(func(o *history.Outcome) bool {
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
