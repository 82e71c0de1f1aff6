package intake

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"sidehook/relay/api"
)

// Deliveries is how a request that prefers to wait learns what became of its
// deliveries. It is used by no other.
type Deliveries interface {
	// Watch notes the attempts at deliveries of events with these ids, from now
	// on until Close: it is called before the events are appended, so that none
	// is missed.
	Watch(ids []string) Watch
}

// Watch is one that has begun.
type Watch interface {
	// Wait fills in where the deliveries stand, whose Seq and Webhook are given.
	// It returns once each of them has had its first attempt or ended without
	// one, or ctx is done; those to webhooks that make none now (paused, off,
	// disabled, failing) are not waited for.
	Wait(ctx context.Context, deliveries []api.DeliveryStatus)
	Close()
}

// held is a request whose answer is held back.
type held struct {
	watch Watch
	wait  time.Duration
}

// hold begins to watch the deliveries of a request that prefers to wait. It is
// nil for one that does not.
func (s *Server) hold(h http.Header, x *exchange) *held {
	if h["Prefer"] == nil || s.opts.Deliveries == nil {
		return nil
	}
	wait, ok := preferredWait(h)
	if !ok {
		return nil
	}
	ids := make([]string, len(x.answers))
	for i := range x.answers {
		ids[i] = x.answers[i].ID
	}
	return &held{s.opts.Deliveries.Watch(ids), wait}
}

// release waits, and notes what it has seen for the answer. The client's going
// away and a stop end it: the events are durable in any case.
func (h *held) release(s *Server, w http.ResponseWriter, r *http.Request, x *exchange) {
	w.Header()["Preference-Applied"] = []string{"wait=" + strconv.Itoa(int(h.wait/time.Second))}
	// The time for the request is over before that to wait may be.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.wait + s.opts.Times.Body))
	ctx, cancel := context.WithTimeout(r.Context(), h.wait)
	var stop sync.WaitGroup
	stop.Go(func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	})
	defer stop.Wait()
	defer cancel()

	all := []api.DeliveryStatus{}
	for i := range x.answers {
		if a := &x.answers[i]; a.seq != 0 {
			for _, name := range a.Webhooks {
				all = append(all, api.DeliveryStatus{Seq: a.seq, Webhook: name})
			}
		}
	}
	h.watch.Wait(ctx, all)
	for i := range x.answers {
		a := &x.answers[i]
		a.Deliveries = all[:0:0]
		if a.seq != 0 {
			a.Deliveries, all = all[:len(a.Webhooks)], all[len(a.Webhooks):]
		}
	}
}
