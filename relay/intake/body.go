package intake

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"sidehook/history"
	"sidehook/history/event"
)

// exchange is the memory of one request for events, used again by others.
type exchange struct {
	body    []byte
	one     [1]event.Event
	answers []answered // one an event
	entries []history.Entry
	places  []int // for each entry, where its answer is
	out     []byte
}

// answered is what a client is told of one event.
type answered struct {
	id        string
	to        []string
	duplicate bool
	seq       uint64 // 0: nothing of it is delivered

	held       bool // with deliveries
	deliveries []Delivery
}

// How much memory an idle exchange may hold on to.
const (
	idleBytes  = 256 << 10
	idleEvents = 256
)

// release puts an exchange back, without what it points to.
func (s *Server) release(x *exchange) {
	x.one[0] = event.Event{}
	clear(x.answers)
	clear(x.entries)
	x.answers, x.entries, x.places = x.answers[:0], x.entries[:0], x.places[:0]
	if cap(x.answers) > idleEvents {
		x.answers, x.entries, x.places = nil, nil, nil
	}
	if cap(x.body) > idleBytes {
		x.body = nil
	}
	if cap(x.out) > idleBytes {
		x.out = nil
	}
	s.pool.Put(x)
}

// read reads the body of a request for events into buf.
func (s *Server) read(r *http.Request, buf []byte, f form) ([]byte, *problem) {
	limit := s.opts.MaxEventSize
	if f.many() {
		limit *= batchFactor
	}
	buf, p := readBody(r, buf, limit)
	if p != nil && p.status == http.StatusRequestEntityTooLarge {
		p.detail = fmt.Sprintf("the event is larger than max_event_size, %d bytes", limit)
		if f.many() {
			p.detail = fmt.Sprintf("the request is larger than %d times max_event_size, %d bytes", batchFactor, limit)
		}
	}
	return buf, p
}

// readBody reads a body into buf, which grows with what comes and not with what
// is announced: a header costs nothing to send.
func readBody(r *http.Request, buf []byte, limit int) ([]byte, *problem) {
	const first = 4 << 10
	if r.ContentLength > int64(limit) {
		return buf, tooLarge(limit)
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(first, len(buf)))
		}
		// One byte more than the limit tells that there is more.
		n, err := r.Body.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return buf, tooLarge(limit)
		case err == io.EOF:
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, hangUp(http.StatusRequestTimeout, "the body took too long to arrive")
		case err != nil:
			return buf, hangUp(http.StatusBadRequest, "the body broke off")
		}
	}
}

func tooLarge(limit int) *problem {
	p := hangUp(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit))
	p.unread = true
	return p
}

// hangUp refuses a request without reading what is left of it.
func hangUp(status int, detail string) *problem {
	p := refuse(status, detail)
	p.hangUp = true
	return p
}
