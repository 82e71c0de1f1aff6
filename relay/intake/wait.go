package intake

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"sidehook/relay/api"
)

// Deliveries tells a request that prefers to wait what became of its deliveries.
type Deliveries interface {
	// Watch notes the attempts at deliveries of events with these ids, until
	// Close. It must be called before the events are appended, to miss none.
	Watch(ids []string) Watch
}

// Watch is a watch that has begun. One goroutine uses it.
type Watch interface {
	// Wait fills in the Status and Code of deliveries, given their Seq and Webhook.
	// It returns when each of them has had its first attempt or ended without
	// one, or ctx is done. It does not wait for webhooks that make no attempts now
	// (paused, off, disabled, failing).
	Wait(ctx context.Context, deliveries []api.DeliveryStatus)
	Close()
}

// deferredAnswer is an answer that waits for the first attempts.
type deferredAnswer struct {
	watch   Watch
	longest time.Duration
}

// deferAnswer begins to watch the deliveries of a request that prefers to wait. It
// returns nil for other requests.
func (h *Handler) deferAnswer(header http.Header, x *exchange) *deferredAnswer {
	if header["Prefer"] == nil || h.opts.Deliveries == nil {
		return nil
	}
	wait, ok := preferredWait(header)
	if !ok {
		return nil
	}
	ids := make([]string, len(x.answers))
	for i := range x.answers {
		ids[i] = x.answers[i].ID
	}
	return &deferredAnswer{h.opts.Deliveries.Watch(ids), wait}
}

// wait waits for the first attempts and adds their outcomes to the answers. It ends
// early when the client goes away and at a stop: the events are durable.
func (d *deferredAnswer) wait(h *Handler, w http.ResponseWriter, r *http.Request, x *exchange) {
	w.Header()["Preference-Applied"] = []string{"wait=" + strconv.Itoa(int(d.longest/time.Second))}
	h.server.ExtendRead(w, d.longest) // the deadline of the request may come first
	ctx, cancel := context.WithTimeout(r.Context(), d.longest)
	var stop sync.WaitGroup
	stop.Go(func() {
		select {
		case <-h.server.Stopping():
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
	d.watch.Wait(ctx, all)
	for i := range x.answers {
		a := &x.answers[i]
		a.Deliveries = all[:0:0]
		if a.seq != 0 {
			a.Deliveries, all = all[:len(a.Webhooks)], all[len(a.Webhooks):]
		}
	}
}
