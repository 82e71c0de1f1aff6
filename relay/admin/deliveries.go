package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/httpd"
)

// pageBytes ends a page early, whatever its limit: it is held in memory.
const pageBytes = 8 << 20

// deliveries answers with attempts: a page of them, or a stream.
func (h *Handler) deliveries(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	l, p := readListing(r)
	if p != nil {
		return p
	}
	records, err := h.operator.History(ctx)
	if err != nil {
		return problemOf(err)
	}
	defer records.Close()
	if l.stream {
		return h.streamDeliveries(ctx, w, r, records, &l)
	}
	body := []byte(`{"deliveries":[`)
	count, last, more := 0, history.LineNo(0), false
	err = records.Attempts(l.Query, func(d *history.DeliveryRecord) bool {
		if more = count == l.limit || len(body) > pageBytes; more {
			return false
		}
		if count > 0 {
			body = append(body, ',')
		}
		body = append(body, d.JSON()...)
		count, last = count+1, d.N
		return ctx.Err() == nil && r.Context().Err() == nil
	})
	if err != nil {
		return problemOf(err)
	}
	body = append(body, ']')
	if more {
		body = fmt.Appendf(body, `,"cursor":%q`, query.Cursor(last))
	}
	httpd.Answer(w, http.StatusOK, httpd.JSON, append(body, "}\n"...))
	return nil
}

// streamDeliveries answers with a line for each attempt: the newest first, or with
// follow the oldest first, so that new ones come after them. It holds at most a page
// of them. A client that does not read is disconnected when a write takes too long.
func (h *Handler) streamDeliveries(ctx context.Context, w http.ResponseWriter, r *http.Request, records History, l *listing) *httpd.Problem {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(r.Context(), cancel)()
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-h.server.Stopping():
			cancel()
		case <-ctx.Done():
		}
	})
	newest, err := records.Newest()
	if err != nil {
		return problemOf(err)
	}
	out := h.server.NewStream(w, httpd.JSONLines)
	if r.Method == http.MethodHead {
		return nil
	}
	if !l.follow {
		count := 0
		err = records.Attempts(l.Query, func(d *history.DeliveryRecord) bool {
			count++
			return ctx.Err() == nil && out.WriteLine(d.JSON()) == nil && count != l.limit
		})
	} else if err = newestOf(ctx, records, l, newest, out); err == nil {
		err = followDeliveries(ctx, records, &l.Query, newest, out)
	}
	if err = errors.Join(err, out.Flush()); err != nil && ctx.Err() == nil {
		// The answer has begun, so it can only end.
		h.opts.Log.Debug("a stream of deliveries ended early", "error", err)
	}
	return nil
}

// newestOf writes the newest attempts so far, oldest first.
func newestOf(ctx context.Context, records History, l *listing, newest history.LineNo, out *httpd.Stream) error {
	var list []*history.DeliveryRecord
	q := l.Query
	q.Before = newest + 1
	if l.limit > 0 {
		err := records.Attempts(q, func(d *history.DeliveryRecord) bool {
			list = append(list, d)
			return ctx.Err() == nil && len(list) < l.limit
		})
		if err != nil {
			return err
		}
	}
	for _, d := range slices.Backward(list) {
		if err := out.WriteLine(d.JSON()); err != nil {
			return err
		}
	}
	return out.Flush()
}

// followDeliveries writes new attempts as they are recorded.
func followDeliveries(ctx context.Context, records History, q *query.Query, newest history.LineNo, out *httpd.Stream) error {
	return records.Follow(ctx, newest, func(d *history.DeliveryRecord) error {
		if !q.Match(d) {
			return nil
		}
		return errors.Join(out.WriteLine(d.JSON()), out.Flush())
	})
}
