package intake

import (
	"context"
	"fmt"
	"net/http"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// exchange is the memory of one request and its answer, used again by others.
type exchange struct {
	body     []byte
	one      [1]event.Event
	answers  []answered // one an event
	entries  []history.Entry
	answerOf []int // for each entry, the index of its answer
	out      []byte
	reserved int64 // of bodies
}

// answered is the answer for one event.
type answered struct {
	api.Receipt
	typ string
	seq history.Seq // 0: it has no new deliveries
}

// How much memory an idle exchange may keep.
const (
	idleBytes  = 256 << 10
	idleEvents = 2 << 10
)

// releaseEvents drops the events once they are durable: the answer may be held
// back for long.
func (h *Handler) releaseEvents(x *exchange) {
	x.one[0] = event.Event{}
	clear(x.entries)
	if cap(x.body) > idleBytes {
		x.body = nil
	}
	h.bodies.give(x.reserved)
	x.reserved = 0
}

// release returns an exchange to the pool, without what it points to.
func (h *Handler) release(x *exchange) {
	h.releaseEvents(x)
	clear(x.answers)
	x.answers, x.entries, x.answerOf = x.answers[:0], x.entries[:0], x.answerOf[:0]
	if cap(x.answers) > idleEvents {
		x.answers, x.entries, x.answerOf = nil, nil, nil
	}
	if cap(x.out) > idleBytes {
		x.out = nil
	}
	h.pool.Put(x)
}

// read reads the body of a request.
func (h *Handler) read(ctx context.Context, r *http.Request, x *exchange, f form) *httpd.Problem {
	limit := h.opts.MaxEventSize
	if f.many() {
		limit *= batchFactor
	}
	var p *httpd.Problem
	x.body, p = httpd.ReadBody(r, x.body, limit, func(size int) (p *httpd.Problem) {
		x.reserved, p = h.bodies.take(ctx, size)
		return p
	})
	x.reserved = h.bodies.shrink(x.reserved, len(x.body))
	if p != nil && p.Status == http.StatusRequestEntityTooLarge {
		p.Detail = eventTooLarge(limit)
		if f.many() {
			p.Detail = fmt.Sprintf("the request is larger than %d times max_event_size, %d bytes", batchFactor, limit)
		}
	}
	return p
}

func eventTooLarge(limit int) string {
	return fmt.Sprintf("the event is larger than max_event_size, %d bytes", limit)
}

// duplicates counts the events that were accepted before, and of the others those
// that no webhook wanted.
func (x *exchange) duplicates() (duplicates, unmatched int) {
	for i := range x.answers {
		switch a := &x.answers[i]; {
		case a.Duplicate:
			duplicates++
		case len(a.Webhooks) == 0:
			unmatched++
		}
	}
	return duplicates, unmatched
}

// appendAnswer writes the answer to out: a Receipt, or Receipts of many.
func (x *exchange) appendAnswer(f form) {
	x.out = x.out[:0]
	if !f.many() {
		x.out = append(x.answers[0].Append(x.out), '\n')
		return
	}
	x.out = append(x.out, `{"events":[`...)
	for i := range x.answers {
		if i > 0 {
			x.out = append(x.out, ',')
		}
		x.out = x.answers[i].Append(x.out)
	}
	x.out = append(x.out, "]}\n"...)
}
