package journal

import (
	"math/rand/v2"
	"testing"

	"sidehook/history"
)

// TestKeysThatBeginAlike: no event is taken for another one whose key begins alike, nor found
// after the window has passed it.
func TestKeysThatBeginAlike(t *testing.T) {
	d := newDedupeWindow()
	add := func(key [2]uint64, seq history.Seq) {
		d.add(knownEvent{identity: identity{key: key}, seq: seq})
		d.keep()
	}
	find := func(key [2]uint64, want history.Seq) {
		t.Helper()
		if k, ok := d.find(key); ok != (want > 0) || k.seq != want {
			t.Errorf("%v: got %d, %v, want %d", key, k.seq, ok, want)
		}
	}
	add([2]uint64{1, 1}, 1)
	find([2]uint64{1, 1}, 1)
	find([2]uint64{1, 2}, 0)
	add([2]uint64{1, 2}, 2)
	find([2]uint64{1, 1}, 1)
	find([2]uint64{1, 2}, 2)
	for n := range uint64(windowEvents - 1) { // one more than there is room for beside both
		add([2]uint64{2 + n, 0}, history.Seq(3+n))
	}
	find([2]uint64{1, 1}, 0)
	find([2]uint64{1, 2}, 2)
	add([2]uint64{0, 0}, windowEvents+2)
	find([2]uint64{1, 2}, 0)
	find([2]uint64{2, 0}, 3)
	find([2]uint64{0, 0}, windowEvents+2)
}

// TestWindow: the window has the last events that were kept, whatever was added and dropped
// between.
func TestWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	d := newDedupeWindow()
	var kept []knownEvent
	seq := history.Seq(1)
	event := func(n history.Seq) knownEvent { // many begin at the same slots
		return knownEvent{identity: identity{key: [2]uint64{uint64(n%997) << 7, uint64(n)}}, seq: n}
	}
	check := func() {
		t.Helper()
		from := max(0, len(kept)-windowEvents)
		for range 200 {
			i := random.IntN(len(kept) + 10)
			k, ok := d.find(event(history.Seq(i + 1)).key)
			if want := i >= from && i < len(kept); ok != want || ok && k.seq != kept[i].seq {
				t.Fatalf("after %d events: event %d is %d, %v, want %v", len(kept), i+1, k.seq, ok, want)
			}
		}
	}
	for len(kept) < 3*windowEvents/2 {
		n := 1 + random.IntN(3000)
		stay := n
		if random.IntN(3) == 0 {
			stay = random.IntN(n)
		}
		for i := range n {
			d.add(event(seq + history.Seq(i)))
		}
		d.drop(stay)
		if random.IntN(4) == 0 {
			stay = 0
			d.drop(0)
		}
		d.keep()
		for range stay {
			kept = append(kept, event(seq))
			seq++
		}
		check()
	}
	used := 0
	for _, place := range d.slots {
		if place != 0 {
			used++
		}
	}
	if used != windowEvents || len(d.ring) != windowEvents {
		t.Errorf("%d slots of %d events are used, want %d", used, len(d.ring), windowEvents)
	}
}
