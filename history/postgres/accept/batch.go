package accept

import (
	"time"

	"sidehook/history"
)

// batch is the requests that share a call.
type batch struct {
	requests []*request
	bytes    int
	began    time.Time
	done     chan struct{} // closed when every request has its result
}

// repeats are the requests of a batch that wait for another one in it, because all their
// events are in that one, too.
type repeat struct {
	request *request
	of      []sent // for each record
}

// arrange fills the call with the requests of a batch. No key comes twice in a call. A
// request that repeats events of the same batch is resolved after the call if that is
// possible; else it is left for the next call.
func (c *caller) arrange(list []*request) (repeats []repeat, later []*request) {
	c.reset()
	seen := map[[16]byte]sent{}
	for number, r := range list {
		if r.err = own(r); r.err != nil {
			continue
		}
		of, fresh := make([]sent, 0, 1), 0
		for i := range r.records {
			rec := &r.records[i]
			first, ok := seen[rec.key]
			if rec.refers() || !ok {
				fresh++
			}
			of = append(of, first)
		}
		switch {
		case fresh == len(r.records):
			for i := range r.records {
				rec := &r.records[i]
				if _, ok := seen[rec.key]; ok && !rec.refers() {
					continue // own has seen that it is the same
				}
				if !rec.refers() {
					seen[rec.key] = sent{r, i}
				}
				c.add(number, r, i)
			}
		case fresh == 0:
			repeats = append(repeats, repeat{r, of})
		default:
			later = append(later, r)
		}
	}
	return repeats, later
}

// own returns the conflict between two events of one request.
func own(r *request) error {
	if len(r.records) == 1 {
		return nil
	}
	contents := map[[16]byte]int64{}
	for i := range r.records {
		rec := &r.records[i]
		if rec.refers() {
			continue
		}
		if content, ok := contents[rec.key]; ok && content != rec.content {
			return &history.ConflictError{Index: i}
		}
		contents[rec.key] = rec.content
	}
	return nil
}

// resolve gives a request its receipts whose events are all in requests that have
// theirs. It reports false if one of those was refused, so that it needs a call.
func (x *repeat) resolve() bool {
	receipts := make([]history.Receipt, len(x.of))
	for i, s := range x.of {
		if s.request.err != nil {
			return false
		}
		if s.request.records[s.index].content != x.request.records[i].content {
			x.request.err = &history.ConflictError{Index: i}
			return true
		}
		receipts[i] = s.request.receipts[s.index]
		receipts[i].Duplicate = true
	}
	x.request.receipts = receipts
	return true
}

// fillOwn gives the events that come twice in a request the receipt of the first one.
func fillOwn(r *request) {
	first := map[[16]byte]int{}
	for i := range r.records {
		rec := &r.records[i]
		if rec.refers() {
			continue
		}
		if f, ok := first[rec.key]; ok {
			r.receipts[i] = r.receipts[f]
			r.receipts[i].Duplicate = true
		} else {
			first[rec.key] = i
		}
	}
}
