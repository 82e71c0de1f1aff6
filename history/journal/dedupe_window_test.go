package journal

import (
	"testing"

	"sidehook/history"
)

// TestKeysThatBeginAlike: the index has half of a key, and no event is taken for another
// one whose key begins alike, nor found after the window has passed it.
func TestKeysThatBeginAlike(t *testing.T) {
	d := newDedupeWindow()
	add := func(key [2]uint64, seq history.Seq) {
		d.add(knownEvent{identity: identity{key: key}, seq: seq})
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
	find([2]uint64{1, 1}, 0) // known no longer, and not taken for the other
	find([2]uint64{1, 2}, 2)
	for n := range uint64(windowEvents - 1) { // one more than there is room for beside both
		add([2]uint64{2 + n, 0}, history.Seq(3+n))
	}
	find([2]uint64{1, 2}, 2) // the place of the first was taken
	add([2]uint64{0, 0}, windowEvents+2)
	find([2]uint64{1, 2}, 0)
	find([2]uint64{2, 0}, 3)
	find([2]uint64{0, 0}, windowEvents+2)
}
