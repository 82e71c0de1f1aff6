package seqset

import "testing"

func TestRanges(t *testing.T) {
	var r Set[uint64]
	want := map[uint64]bool{}
	for i := range uint64(2000) {
		n := i * 7919 % 1009 // every order, many twice
		r.Add(n)
		want[n] = true
		if i%97 == 0 {
			for k := range uint64(1010) {
				if r.Has(k) != want[k] {
					t.Fatalf("after %d: has(%d) is %v", i, k, r.Has(k))
				}
			}
		}
	}
	if len(r) != 1 || r[0] != (Span[uint64]{0, 1008}) {
		t.Errorf("neighbours stand apart: %v", r)
	}
	r.DropBelow(500)
	if r.Has(499) || !r.Has(500) {
		t.Errorf("after dropBelow(500): %v", r)
	}
	r.DropBelow(5000)
	if len(r) != 0 {
		t.Errorf("after dropBelow(5000): %v", r)
	}
}
