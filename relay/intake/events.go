package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"sidehook/history"
	"sidehook/relay/httpd"
)

// postEvents runs for each event, so its memory comes from a pool and its answer
// is appended by hand.
func (h *Handler) postEvents(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	f, p := formOf(r.Header)
	if p != nil {
		return p
	}
	x := h.pool.Get().(*exchange)
	defer h.release(x)
	if p := h.read(ctx, r, x, f); p != nil {
		return p
	}
	if p := x.decode(h.settings.Load(), f, r.Header); p != nil {
		return p
	}
	if cap(x.body) > idleBytes {
		x.body = nil // the events are copies
	}
	deferred := h.deferAnswer(r.Header, x)
	if deferred != nil {
		defer deferred.watch.Close()
	}
	if p := h.store(ctx, x, f); p != nil {
		p.Events = len(x.answers)
		return p
	}
	status := h.count(ctx, x)
	if deferred != nil {
		h.releaseEvents(x)
		deferred.wait(h, w, r, x)
	}
	x.appendAnswer(f)
	httpd.Answer(w, status, httpd.JSON, x.out)
	return nil
}

// count counts and logs accepted events, and returns the status of the answer: 200
// if all were accepted before.
func (h *Handler) count(ctx context.Context, x *exchange) (status int) {
	duplicates, unmatched := x.duplicates()
	if h.opts.Log.Enabled(ctx, slog.LevelDebug) {
		h.log(x)
	}
	accepted := len(x.answers) - duplicates
	if accepted > 0 {
		h.opts.Answered(Accepted, accepted)
	}
	if duplicates > 0 {
		h.opts.Answered(Duplicate, duplicates)
	}
	if unmatched > 0 {
		h.opts.Unmatched(unmatched)
	}
	if accepted == 0 && duplicates > 0 {
		return http.StatusOK
	}
	return http.StatusAccepted
}

// log logs each event of a request.
func (h *Handler) log(x *exchange) {
	for i := range x.answers {
		a := &x.answers[i]
		switch {
		case a.Duplicate:
			h.opts.Log.Debug("event was accepted before", "event", a.ID, "type", a.typ)
		case len(a.Webhooks) == 0:
			h.opts.Log.Debug("event accepted; no webhook wants it", "event", a.ID, "type", a.typ)
		default:
			h.opts.Log.Debug("event accepted", "event", a.ID, "type", a.typ, "webhooks", strings.Join(a.Webhooks, ","))
		}
	}
}

// store has the journal keep the entries, and notes its receipts.
func (h *Handler) store(ctx context.Context, x *exchange, f form) *httpd.Problem {
	if len(x.entries) == 0 {
		return nil
	}
	receipts, err := h.journal.Append(ctx, x.entries)
	if err != nil {
		p := x.problemOf(err, f)
		x.entries = nil // the journal may still use them
		return p
	}
	x.note(receipts)
	return nil
}

// note notes the receipts of the entries.
func (x *exchange) note(receipts []history.Receipt) {
	for i, receipt := range receipts {
		a := &x.answers[x.answerOf[i]]
		a.Spooled = receipt.Spooled
		if receipt.Duplicate {
			a.Duplicate, a.Webhooks = true, receipt.To
		} else {
			a.seq = receipt.Seq
		}
	}
}

// problemOf returns the problem of an error of the journal. For a conflict it adds
// which event has it.
func (x *exchange) problemOf(err error, f form) *httpd.Problem {
	p := httpd.JournalProblem(err)
	var conflict *history.ConflictError
	if !errors.As(err, &conflict) || conflict.Index < 0 || conflict.Index >= len(x.entries) {
		return p
	}
	e := &x.entries[conflict.Index].Event
	p.Detail = fmt.Sprintf("id %q of source %q was accepted before with other content; give this event its own id", e.ID, e.Source)
	for i := range x.entries[:conflict.Index] {
		if first := &x.entries[i].Event; first.ID == e.ID && first.Source == e.Source {
			p.Detail = fmt.Sprintf("id %q of source %q is also that of event %d of this request, which has other content; give this event its own id", e.ID, e.Source, x.answerOf[i])
			break
		}
	}
	if f.many() {
		index := x.answerOf[conflict.Index]
		p.Index, p.Detail = &index, fmt.Sprintf("event %d: %s", index, p.Detail)
	}
	return p
}
