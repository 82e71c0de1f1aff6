// Package seqset is a set of sequence numbers that are mostly neighbours.
package seqset

import "slices"

// Set is a set of numbers that are mostly neighbours, such as the seqs of
// deliveries that have ended.
type Set[N ~uint64] []Span[N]

// Span holds from and to, both included.
type Span[N ~uint64] struct{ From, To N }

// find returns the index of the first span that ends at or after n, and whether that
// span has n.
func (r Set[N]) find(n N) (int, bool) {
	// Most calls are about the end.
	if len(r) > 0 && r[len(r)-1].To < n {
		return len(r), false
	}
	i, _ := slices.BinarySearchFunc(r, n, func(s Span[N], n N) int {
		if s.To < n {
			return -1
		}
		return 1
	})
	return i, i < len(r) && r[i].From <= n
}

// Has reports whether n is in r.
func (r Set[N]) Has(n N) bool {
	_, ok := r.find(n)
	return ok
}

// Add adds n.
func (r *Set[N]) Add(n N) {
	s := *r
	i, ok := s.find(n)
	if ok {
		return
	}
	left := i > 0 && s[i-1].To+1 == n
	right := i < len(s) && s[i].From == n+1
	switch {
	case left && right:
		s[i-1].To = s[i].To
		s = slices.Delete(s, i, i+1)
	case left:
		s[i-1].To = n
	case right:
		s[i].From = n
	default:
		s = slices.Insert(s, i, Span[N]{n, n})
	}
	*r = s
}

// DropBelow forgets every number below n.
func (r *Set[N]) DropBelow(n N) {
	s := *r
	i, _ := s.find(n)
	s = slices.Delete(s, 0, i)
	if len(s) > 0 && s[0].From < n {
		s[0].From = n
	}
	*r = s
}

// AddSpan adds all numbers of a span.
func (r *Set[N]) AddSpan(x Span[N]) {
	s := *r
	i, _ := s.find(x.From)
	if i > 0 && s[i-1].To+1 == x.From {
		i--
	}
	end := i
	for ; end < len(s) && (s[end].From <= x.To || s[end].From == x.To+1); end++ {
		x.From, x.To = min(x.From, s[end].From), max(x.To, s[end].To)
	}
	*r = slices.Replace(s, i, end, x)
}

// Outside returns the parts of a span that are not in r.
func (r Set[N]) Outside(x Span[N]) (rest []Span[N]) {
	i, _ := r.find(x.From)
	for ; i < len(r) && r[i].From <= x.To; i++ {
		if r[i].From > x.From {
			rest = append(rest, Span[N]{x.From, r[i].From - 1})
		}
		x.From = r[i].To + 1
	}
	if x.From <= x.To {
		rest = append(rest, x)
	}
	return rest
}

// Touches reports whether any of a span is in r.
func (r Set[N]) Touches(x Span[N]) bool {
	i, _ := r.find(x.From)
	return i < len(r) && r[i].From <= x.To
}

// Without returns r without a span.
func (r Set[N]) Without(x Span[N]) (rest Set[N]) {
	for _, s := range r {
		rest = append(rest, Set[N]{x}.Outside(s)...)
	}
	return rest
}
