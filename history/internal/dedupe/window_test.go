package dedupe

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"sidehook/history"
)

// TestKeysThatBeginAlike: no event is taken for another one whose key begins alike, nor found
// after the window has passed it.
func TestKeysThatBeginAlike(t *testing.T) {
	d := New()
	add := func(key [2]uint64, seq history.Seq) {
		d.Add(d.Event(Identity{key: key}, seq, nil))
		d.Keep()
	}
	find := func(key [2]uint64, want history.Seq) {
		t.Helper()
		if k, ok := d.Find(Identity{key: key}); ok != (want > 0) || k.seq != want {
			t.Errorf("%v: got %d, %v, want %d", key, k.seq, ok, want)
		}
	}
	add([2]uint64{1, 1}, 1)
	find([2]uint64{1, 1}, 1)
	find([2]uint64{1, 2}, 0)
	add([2]uint64{1, 2}, 2)
	find([2]uint64{1, 1}, 1)
	find([2]uint64{1, 2}, 2)
	for n := range uint64(Size - 1) { // one more than there is room for beside both
		add([2]uint64{2 + n, 0}, history.Seq(3+n))
	}
	find([2]uint64{1, 1}, 0)
	find([2]uint64{1, 2}, 2)
	add([2]uint64{0, 0}, Size+2)
	find([2]uint64{1, 2}, 0)
	find([2]uint64{2, 0}, 3)
	find([2]uint64{0, 0}, Size+2)
}

// TestWindow: the window has the last events that were kept, whatever was added and dropped
// between.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	d := New()
	kept := 0
	seq := history.Seq(1)
	event := func(n history.Seq) Identity { // many begin at the same slots
		return Identity{key: [2]uint64{uint64(n%9973) << 4, uint64(n)}}
	}
	to := func(n history.Seq) []string { return []string{"all", fmt.Sprint("w", n/50_000*3+n%3)} }
	check := func() {
		t.Helper()
		for range 200 {
			n := history.Seq(1 + random.IntN(kept+10))
			k, ok := d.Find(event(n))
			if want := int(n) > kept-Size && int(n) <= kept; ok != want {
				t.Fatalf("after %d events: event %d is found: %v, want %v", kept, n, ok, want)
			}
			if !ok {
				continue
			}
			if got, want := fmt.Sprint(d.Receipt(k)), fmt.Sprint(history.Receipt{Seq: n, To: to(n), Duplicate: true}); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	}
	for kept < 3*Size {
		n := 1 + random.IntN(3000)
		stay := n
		if random.IntN(3) == 0 {
			stay = random.IntN(n)
		}
		for i := range n {
			n := seq + history.Seq(i)
			d.Add(d.Event(event(n), n, to(n)))
		}
		d.Drop(stay)
		if random.IntN(4) == 0 {
			stay = 0
			d.Drop(0)
		}
		d.Keep()
		kept, seq = kept+stay, seq+history.Seq(stay)
		check()
	}
	used := 0
	for _, place := range d.slots {
		if place != 0 {
			used++
		}
	}
	if used != Size || len(d.ring) != Size {
		t.Errorf("%d slots of %d events are used, want %d", used, len(d.ring), Size)
	}
	uses := 0
	for _, l := range d.webhooks.lists {
		uses += l.events
	}
	if uses != Size || len(d.webhooks.numbers) > 9 || len(d.webhooks.lists) > 12 {
		t.Errorf("%d events have %d of %d lists", uses, len(d.webhooks.numbers), len(d.webhooks.lists))
	}
}
