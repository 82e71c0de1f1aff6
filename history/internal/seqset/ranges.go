// Package seqset is a set of sequence numbers that are mostly neighbours.
package seqset

import "slices"

// Set is a set of numbers that are mostly neighbours, such as the seqs of
// deliveries that have ended.
type Set []Span

// Span holds from and to, both included.
type Span struct{ From, To uint64 }

// find is the place of the first span that ends at or behind n.
func (r Set) find(n uint64) (int, bool) {
	// What is added and asked for is almost always near the end.
	if len(r) > 0 && r[len(r)-1].To < n {
		return len(r), false
	}
	i, _ := slices.BinarySearchFunc(r, n, func(s Span, n uint64) int {
		if s.To < n {
			return -1
		}
		return 1
	})
	return i, i < len(r) && r[i].From <= n
}

func (r Set) Has(n uint64) bool {
	_, ok := r.find(n)
	return ok
}

func (r *Set) Add(n uint64) {
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
		s = slices.Insert(s, i, Span{n, n})
	}
	*r = s
}

// DropBelow forgets every number below n.
func (r *Set) DropBelow(n uint64) {
	s := *r
	i, _ := s.find(n)
	s = slices.Delete(s, 0, i)
	if len(s) > 0 && s[0].From < n {
		s[0].From = n
	}
	*r = s
}

// AddSpan adds all numbers of a span.
func (r *Set) AddSpan(x Span) {
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

// Outside are the parts of a span that are not in r.
func (r Set) Outside(x Span) (rest []Span) {
	i, _ := r.find(x.From)
	for ; i < len(r) && r[i].From <= x.To; i++ {
		if r[i].From > x.From {
			rest = append(rest, Span{x.From, r[i].From - 1})
		}
		x.From = r[i].To + 1
	}
	if x.From <= x.To {
		rest = append(rest, x)
	}
	return rest
}

// Touches reports whether any of a span is in r.
func (r Set) Touches(x Span) bool {
	i, _ := r.find(x.From)
	return i < len(r) && r[i].From <= x.To
}

// Without is r but for a span.
func (r Set) Without(x Span) (rest Set) {
	for _, s := range r {
		rest = append(rest, Set{x}.Outside(s)...)
	}
	return rest
}
