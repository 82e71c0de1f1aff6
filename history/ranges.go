package history

import "slices"

// ranges is a set of numbers that are mostly neighbours, such as the seqs of
// deliveries that have ended.
type ranges []span

// span holds from and to, both included.
type span struct{ from, to uint64 }

// find is the place of the first span that ends at or behind n.
func (r ranges) find(n uint64) (int, bool) {
	// What is added and asked for is almost always near the end.
	if len(r) > 0 && r[len(r)-1].to < n {
		return len(r), false
	}
	i, _ := slices.BinarySearchFunc(r, n, func(s span, n uint64) int {
		if s.to < n {
			return -1
		}
		return 1
	})
	return i, i < len(r) && r[i].from <= n
}

func (r ranges) has(n uint64) bool {
	_, ok := r.find(n)
	return ok
}

func (r *ranges) add(n uint64) {
	s := *r
	i, ok := s.find(n)
	if ok {
		return
	}
	left := i > 0 && s[i-1].to+1 == n
	right := i < len(s) && s[i].from == n+1
	switch {
	case left && right:
		s[i-1].to = s[i].to
		s = slices.Delete(s, i, i+1)
	case left:
		s[i-1].to = n
	case right:
		s[i].from = n
	default:
		s = slices.Insert(s, i, span{n, n})
	}
	*r = s
}

// dropBelow forgets every number below n.
func (r *ranges) dropBelow(n uint64) {
	s := *r
	i, _ := s.find(n)
	s = slices.Delete(s, 0, i)
	if len(s) > 0 && s[0].from < n {
		s[0].from = n
	}
	*r = s
}

// addSpan adds all numbers of a span.
func (r *ranges) addSpan(x span) {
	s := *r
	i, _ := s.find(x.from)
	if i > 0 && s[i-1].to+1 == x.from {
		i--
	}
	end := i
	for ; end < len(s) && (s[end].from <= x.to || s[end].from == x.to+1); end++ {
		x.from, x.to = min(x.from, s[end].from), max(x.to, s[end].to)
	}
	*r = slices.Replace(s, i, end, x)
}

// outside are the parts of a span that are not in r.
func (r ranges) outside(x span) (rest []span) {
	i, _ := r.find(x.from)
	for ; i < len(r) && r[i].from <= x.to; i++ {
		if r[i].from > x.from {
			rest = append(rest, span{x.from, r[i].from - 1})
		}
		x.from = r[i].to + 1
	}
	if x.from <= x.to {
		rest = append(rest, x)
	}
	return rest
}

// touches says whether any of a span is in r.
func (r ranges) touches(x span) bool {
	i, _ := r.find(x.from)
	return i < len(r) && r[i].from <= x.to
}

// without is r but for a span.
func (r ranges) without(x span) (rest ranges) {
	for _, s := range r {
		rest = append(rest, ranges{x}.outside(s)...)
	}
	return rest
}
