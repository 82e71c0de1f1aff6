// Package intake is the local listener. It takes events in over a Unix socket
// and a loopback port, and answers those who operate the relay.
//
// It promises:
//
//   - 202 and 200 follow the journal's word that the events are durable.
//   - A request is accepted whole or refused whole, and a refusal says why and
//     what would do, as problem+json (RFC 9457).
//   - Of a body no more is read than the limit allows, and a slow client holds
//     nothing but its own connection and goroutine.
//   - Whoever may open the socket may call everything; the port is for those
//     who know the token. Both are closed to web pages of other sites (guard.go).
//
// The relay makes one Server, runs it, and applies new settings to it. How an
// event looks is history/event's part, keeping it is the journal's.
package intake

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

// Journal is where accepted events go.
type Journal interface {
	// Append makes the entries durable, all or none, and returns a receipt for
	// each, in order. It may be called at once by many, and keeps neither the
	// slice nor its elements once it has returned without an error. Its errors
	// are history's: *ConflictError, ErrBusy, ErrNoRoom, ErrStopping and
	// ErrFailed. It returns when ctx is done, though the entries may then
	// become durable all the same. It is for the client to try again.
	Append(ctx context.Context, entries []history.Entry) ([]history.Receipt, error)
}

// Settings are what a reload may change. What they point to is not changed any
// more.
type Settings struct {
	// Source is the source of events that come without one.
	Source string
	// Types is the catalogue of event types; nil lets every type in.
	Types map[string]string
	// Match names the webhooks that an event goes to, and those of them whose
	// condition failed on it. The names are shared. Nil: none.
	Match func(*event.Event) (to []string, failures []history.Failure)
	// Generation is the number of the configuration that these are of.
	Generation uint64
	// Unmatched says what becomes of events that no webhook wants.
	Unmatched Unmatched
}

// Unmatched is what becomes of events that no webhook wants.
type Unmatched int

// Such events are kept in the history, or answered and forgotten.
const (
	Keep Unmatched = iota
	Drop
)

// Options are what is fixed at the start. The zero value listens nowhere.
type Options struct {
	HTTP       string         // address of the loopback port; "" for none
	Socket     string         // path of the Unix socket; "" for none
	SocketMode fs.FileMode    // zero: 0660
	Listeners  []net.Listener // opened by others; one of a network stands in for HTTP (tcp) or Socket (unix)
	Token      string         // "" for none

	// Bodies bounds the bytes that large bodies of requests take (bodies); 64 MiB if 0.
	Bodies       int64
	MaxEventSize int // in bytes, of one event; zero: 1 MiB. A batch may be 16 times that
	MaxConns     int // open connections of one listener; zero: 10,000

	Times   Times
	Opened  func(addrs []net.Addr) // called once every listener is open
	Ready   func() error           // why events are not accepted; nil: they are
	Healthy func() error           // why a restart would help; nil: it would not
	// Metrics writes what GET /metrics answers, in Prometheus's text format.
	// Nil: there is no such call.
	Metrics func(w io.Writer) error
	// Deliveries is for requests that prefer to wait. Nil: that preference is
	// passed over.
	Deliveries Deliveries
	// Answered is told what became of so many events: Accepted, Duplicate, or
	// the status that they were refused with. It must be cheap. Nil: nobody is
	// told.
	Answered func(result string, events int)
	Log      *slog.Logger // nil: none
}

// Times bound how long a client may take, and a stop. Zero is the default.
type Times struct {
	Header time.Duration // for a request's headers; 5 s
	Body   time.Duration // for all of a request; 30 s
	Write  time.Duration // from a request's headers to the end of its answer, but for a test's; 2 m
	Idle   time.Duration // of a kept connection; 2 m
	Linger time.Duration // at a stop, how long kept connections are told of it; 500 ms
	Stop   time.Duration // at a stop, how long requests under way may go on; 10 s
}

// What is answered to an event that was not refused.
const (
	Accepted  = "accepted"
	Duplicate = "duplicate"
)

// batchFactor is how much larger than an event a batch may be.
const batchFactor = 16

// Server is the listener. Its methods may be called at once.
type Server struct {
	journal  Journal
	operator Operator
	opts     Options
	log      *slog.Logger
	token    *[sha256.Size]byte // of the token; nil without one
	calls    []call
	settings atomic.Pointer[settings]
	stopping atomic.Bool
	closing  chan struct{} // closed once it is stopping
	pool     sync.Pool     // of *exchange
	bodies   *bodies
}

// settings are Settings with what is made of them.
type settings struct {
	Settings
	decoder event.Decoder
}

// New makes a listener that is not open yet.
func New(journal Journal, operator Operator, initial Settings, opts Options) *Server {
	s := &Server{journal: journal, operator: operator, opts: opts, log: opts.Log, closing: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	fallback(&s.opts.SocketMode, 0o660)
	fallback(&s.opts.MaxEventSize, 1<<20)
	fallback(&s.opts.MaxConns, 10_000)
	fallback(&s.opts.Bodies, 64<<20)
	s.bodies = newBodies(s.opts.Bodies)
	fallback(&s.opts.Times.Header, 5*time.Second)
	fallback(&s.opts.Times.Body, 30*time.Second)
	fallback(&s.opts.Times.Write, 2*time.Minute)
	fallback(&s.opts.Times.Idle, 2*time.Minute)
	fallback(&s.opts.Times.Linger, 500*time.Millisecond)
	fallback(&s.opts.Times.Stop, 10*time.Second)
	if opts.Answered == nil {
		s.opts.Answered = func(string, int) {}
	}
	if opts.Token != "" {
		sum := sha256.Sum256([]byte(opts.Token))
		s.token = &sum
	}
	s.pool.New = func() any { return new(exchange) }
	s.calls = s.allCalls()
	s.Apply(initial)
	return s
}

// Apply puts new settings in force. Requests that have been read by then keep
// the old ones.
func (s *Server) Apply(next Settings) {
	s.settings.Store(&settings{
		Settings: next,
		decoder:  event.Decoder{Source: next.Source, MaxSize: s.opts.MaxEventSize},
	})
}

func fallback[T comparable](value *T, other T) {
	var zero T
	if *value == zero {
		*value = other
	}
}
