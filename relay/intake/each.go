package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/httpd"
)

// Offer is an event that does not come by a request, such as one of an outbox.
type Offer struct {
	Body []byte    // as POST /v1/events takes it with application/json
	At   time.Time // the time of the event, unless it gives one
}

// Result is what became of an offer.
type Result struct {
	Duplicate bool           // it was accepted before
	Refused   *httpd.Problem // nil: it is durable
}

// AcceptEach accepts events in their order, each on its own: a refused one does not delay
// the others. It returns after they are durable. A problem means that all of them must be
// offered again, though some may be durable then.
func (h *Handler) AcceptEach(ctx context.Context, offers []Offer) ([]Result, *httpd.Problem) {
	x := h.pool.Get().(*exchange)
	defer h.release(x)
	size := 0
	for i := range offers {
		size += len(offers[i].Body)
	}
	var p *httpd.Problem
	if x.reserved, p = h.bodies.take(ctx, size); p != nil {
		return nil, p
	}
	results := make([]Result, len(offers))
	offerOf := x.admitEach(h.settings.Load(), offers, results)
	if p := h.storeEach(ctx, x, results, offerOf); p != nil {
		return nil, p
	}
	kept := x.answers[:0]
	for i, a := range x.answers {
		if of := offerOf[i]; results[of].Refused == nil {
			results[of].Duplicate = a.Duplicate
			kept = append(kept, a)
		}
	}
	clear(x.answers[len(kept):])
	x.answers = kept
	h.count(ctx, x)
	for i := range results {
		if refused := results[i].Refused; refused != nil {
			h.opts.Answered(strconv.Itoa(refused.Status), 1)
		}
	}
	return results, nil
}

// admitEach adds the events that are not refused, and returns for each of their answers
// which offer it is of.
func (x *exchange) admitEach(set *settings, offers []Offer, results []Result) (offerOf []int) {
	var at time.Time
	decoder := set.decoder
	decoder.Now = func() time.Time { return at }
	offerOf = make([]int, 0, len(offers))
	for i := range offers {
		at = offers[i].At
		e, err := decoder.Plain(offers[i].Body)
		if err != nil {
			if wrong, ok := errors.AsType[*event.Error](err); ok {
				wrong.Offset = -1 // who sent it has not seen the body
			}
			results[i].Refused = badEvent(err)
		} else if detail := x.admit(set, &e); detail != "" {
			results[i].Refused = httpd.Refuse(http.StatusUnprocessableEntity, detail)
		} else {
			offerOf = append(offerOf, i)
		}
	}
	return offerOf
}

// storeEach has the journal keep the entries, without those whose id has another content.
func (h *Handler) storeEach(ctx context.Context, x *exchange, results []Result, offerOf []int) *httpd.Problem {
	for len(x.entries) > 0 {
		receipts, err := h.journal.Append(ctx, x.entries)
		if err == nil {
			x.note(receipts)
			return nil
		}
		entries := x.entries
		x.entries = nil // the journal may still use them
		var conflict *history.ConflictError
		if !errors.As(err, &conflict) || conflict.Index < 0 || conflict.Index >= len(entries) {
			return httpd.JournalProblem(err)
		}
		i := conflict.Index
		e := &entries[i].Event
		results[offerOf[x.answerOf[i]]].Refused = httpd.Refuse(http.StatusConflict,
			fmt.Sprintf("id %q of source %q was accepted before with other content; give this event its own id", e.ID, e.Source))
		x.entries = slices.Delete(slices.Clone(entries), i, i+1)
		x.answerOf = slices.Delete(x.answerOf, i, i+1)
	}
	return nil
}
