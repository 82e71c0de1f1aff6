package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
)

// exchange is the memory of one request for events, used again by others.
type exchange struct {
	body    []byte
	one     [1]event.Event
	answers []answered // one an event
	entries []history.Entry
	places  []int // for each entry, where its answer is
	out     []byte
	taken   int64 // of bodies
}

// answered is what a client is told of one event.
type answered struct {
	api.Receipt
	seq uint64 // 0: nothing of it is delivered
}

// How much memory an idle exchange may hold on to.
const (
	idleBytes  = 256 << 10
	idleEvents = 256
)

// forget lets go of the events once they are durable: the answer may be held
// back for long.
func (s *Server) forget(x *exchange) {
	x.one[0] = event.Event{}
	clear(x.entries)
	if cap(x.body) > idleBytes {
		x.body = nil
	}
	s.bodies.give(x.taken)
	x.taken = 0
}

// release puts an exchange back, without what it points to.
func (s *Server) release(x *exchange) {
	s.forget(x)
	clear(x.answers)
	x.answers, x.entries, x.places = x.answers[:0], x.entries[:0], x.places[:0]
	if cap(x.answers) > idleEvents {
		x.answers, x.entries, x.places = nil, nil, nil
	}
	if cap(x.out) > idleBytes {
		x.out = nil
	}
	s.pool.Put(x)
}

// read reads the body of a request for events.
func (s *Server) read(ctx context.Context, r *http.Request, x *exchange, f form) *problem {
	limit := s.opts.MaxEventSize
	if f.many() {
		limit *= batchFactor
	}
	var p *problem
	x.body, p = readBody(r, x.body, limit, func(most int) (p *problem) {
		x.taken, p = s.bodies.take(ctx, most)
		return p
	})
	x.taken = s.bodies.shrink(x.taken, len(x.body))
	if p != nil && p.status == http.StatusRequestEntityTooLarge {
		p.detail = fmt.Sprintf("the event is larger than max_event_size, %d bytes", limit)
		if f.many() {
			p.detail = fmt.Sprintf("the request is larger than %d times max_event_size, %d bytes", batchFactor, limit)
		}
	}
	return p
}

// readBody reads a body into buf, which grows with what comes and not with what
// is announced: a header costs nothing to send. Before it is more than a small
// one, room is called with how large it may become.
func readBody(r *http.Request, buf []byte, limit int, room func(most int) *problem) ([]byte, *problem) {
	const first = 4 << 10
	if r.ContentLength > int64(limit) {
		return buf, tooLarge(limit)
	}
	most := limit
	if r.ContentLength >= 0 {
		most = int(r.ContentLength)
	}
	buf = buf[:0]
	counted := most <= smallBody
	for {
		if !counted && len(buf) == smallBody {
			counted = true
			if p := room(most); p != nil {
				return buf, p
			}
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(first, min(len(buf), most-len(buf)+1)))
		}
		// One byte more than the limit tells that there is more.
		upTo := min(cap(buf), limit+1)
		if !counted {
			upTo = min(upTo, smallBody)
		}
		n, err := r.Body.Read(buf[len(buf):upTo])
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
