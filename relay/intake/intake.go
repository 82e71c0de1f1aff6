// Package intake is POST /v1/events: it reads events in their five forms, finds
// the webhooks that want them, has the journal keep them, and answers.
//
// It promises:
//
//   - 202 and 200 are sent after the journal reports that the events are durable.
//   - A request is accepted as a whole or refused as a whole.
//   - No more of a body is read than the limit allows, and all large bodies
//     together take no more memory than Options.Bodies.
//
// The relay makes one Handler, which registers its call at the server, and applies
// new settings to it. history/event knows the forms of an event, the journal keeps
// it, httpd knows who may call.
package intake

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// Journal keeps accepted events.
type Journal interface {
	// Append makes the entries durable, all or none, and returns a receipt for
	// each, in order. Many may call it at once. After it has returned without an
	// error it keeps neither the slice nor its elements. Its errors are those of
	// history: *ConflictError, ErrBusy, ErrNoRoom, ErrStopping and ErrFailed. It
	// returns when ctx is done, though the entries may still become durable then.
	// The client must retry.
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
}

// Settings are what a reload may change. What they point to must not change.
type Settings struct {
	// Source is the source of events that come without one.
	Source string
	// Refusal returns why an event is refused, by its type or its data, "" if it is
	// not. Nil: none is.
	Refusal func(*event.Event) string
	// Match returns the webhooks that want an event, and those of them whose
	// condition failed on it. The names are shared. Nil: none.
	Match func(*event.Event) (to []string, failures []history.Failure)
	// Generation is that of the configuration.
	Generation history.Generation
	// DropUnmatched: an event that no webhook wants is answered, and not kept.
	DropUnmatched bool
}

// Options are fixed at the start.
type Options struct {
	MaxEventSize int   // in bytes, of one event; zero: 1 MiB. A batch may be 16 times that
	Bodies       int64 // bytes that large bodies of requests may take in memory; zero: 64 MiB
	// Deliveries serves requests that prefer to wait. Nil: the preference is
	// ignored.
	Deliveries Deliveries
	// Answered is told the result of so many events: Accepted, Duplicate, or the
	// status that they were refused with. It must be cheap. It may be nil.
	Answered func(result string, events int)
	// Unmatched is told of so many events that were accepted and that no webhook
	// wanted. It must be cheap. It may be nil.
	Unmatched func(events int)
	Log       *slog.Logger // of each event, at debug; nil: none
}

// Results of events that were not refused.
const (
	Accepted  = "accepted"
	Duplicate = "duplicate"
)

// batchFactor is how much larger than an event a batch may be.
const batchFactor = 16

// Handler answers POST /v1/events.
type Handler struct {
	server   *httpd.Server
	journal  Journal
	opts     Options
	settings atomic.Pointer[settings]
	pool     sync.Pool // of *exchange
	bodies   *bodies
}

// settings are Settings with what is made of them.
type settings struct {
	Settings
	decoder event.Decoder
}

// New registers the call at the server.
func New(server *httpd.Server, journal Journal, initial Settings, opts Options) *Handler {
	if opts.MaxEventSize == 0 {
		opts.MaxEventSize = 1 << 20
	}
	if opts.Bodies == 0 {
		opts.Bodies = 64 << 20
	}
	if opts.Answered == nil {
		opts.Answered = func(string, int) {}
	}
	if opts.Unmatched == nil {
		opts.Unmatched = func(int) {}
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{server: server, journal: journal, opts: opts, bodies: newBodies(opts.Bodies)}
	h.pool.New = func() any { return new(exchange) }
	h.Apply(initial)
	server.Register(httpd.Call{
		Method: http.MethodPost, Path: api.EventsPath, Access: httpd.Open, Plain: true, Handle: h.postEvents, Refused: h.countRefused,
	})
	return h
}

// Apply puts new settings in force. Requests that have been read by then keep the
// old ones.
func (h *Handler) Apply(next Settings) {
	h.settings.Store(&settings{
		Settings: next,
		decoder:  event.Decoder{Source: next.Source, MaxSize: h.opts.MaxEventSize},
	})
}

// countRefused counts the events of a refused request. A request that was not read
// to its end counts as one event.
func (h *Handler) countRefused(p *httpd.Problem) {
	h.opts.Answered(strconv.Itoa(p.Status), max(1, p.Events))
}
