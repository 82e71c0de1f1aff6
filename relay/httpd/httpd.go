// Package httpd is the local HTTP server: the listeners, who may call what at
// each of them, the calls, and the form of refusals. It knows no call itself:
// intake and admin register theirs, and the console is mounted as the site.
//
// It promises:
//
//   - A refusal says why and what would do, as problem+json (RFC 9457).
//   - Who can open the socket may call everything; the port is for those who know
//     the token, and for looking those who know the read token. Both are closed to web pages of other sites (guard.go).
//   - No request follows one whose end could be found in two ways (framing.go).
//   - A slow client holds only its own connection and goroutine.
//   - A stop lets requests end, for as long as Times.Stop.
//
// Package plain serves each connection until a request comes that is not plain, and
// net/http serves it from then on.
//
// The relay makes one Server, has the calls registered, and runs it.
package httpd

import (
	"crypto/sha256"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options are fixed at the start. The zero value listens nowhere.
type Options struct {
	HTTP       string         // address of the loopback port; "" for none
	Socket     string         // path of the Unix socket; "" for none
	SocketMode fs.FileMode    // zero: 0660
	Listeners  []net.Listener // opened by others; one of a network replaces HTTP (tcp) or Socket (unix)
	Token      string         // "" for none
	ReadToken  string         // for calls that change nothing; "" for none
	MaxConns   int            // open connections of one listener; zero: 10,000
	Times      Times
	Opened     func(addrs []net.Addr) // called once every listener is open; may be nil
	Log        *slog.Logger           // nil: none
}

// Times limit how long a client may take, and a stop. Zero is the default.
type Times struct {
	Header time.Duration // for a request's headers; 5 s
	Body   time.Duration // for all of a request; 30 s
	Write  time.Duration // from a request's headers to the end of its answer, unless a handler extends it; 2 m
	Idle   time.Duration // of a kept connection; 2 m
	Notice time.Duration // at a stop, how long kept connections are told of it; 500 ms
	Stop   time.Duration // at a stop, how long requests in flight may go on; 10 s
}

// Server serves calls at its listeners.
type Server struct {
	opts      Options
	log       *slog.Logger
	token     *[sha256.Size]byte // of the token; nil without one
	readToken *[sha256.Size]byte // of the read token; nil without one
	calls     []Call             // unchanged while it runs
	site      Site               // nil without one; unchanged while it runs
	stopping  chan struct{}      // closed when a stop begins
}

// New makes a server whose listeners are not open yet.
func New(opts Options) *Server {
	s := &Server{opts: opts, log: opts.Log, stopping: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	setDefault(&s.opts.SocketMode, 0o660)
	setDefault(&s.opts.MaxConns, 10_000)
	setDefault(&s.opts.Times.Header, 5*time.Second)
	setDefault(&s.opts.Times.Body, 30*time.Second)
	setDefault(&s.opts.Times.Write, 2*time.Minute)
	setDefault(&s.opts.Times.Idle, 2*time.Minute)
	setDefault(&s.opts.Times.Notice, 500*time.Millisecond)
	setDefault(&s.opts.Times.Stop, 10*time.Second)
	s.token, s.readToken = sumOf(opts.Token), sumOf(opts.ReadToken)
	return s
}

// sumOf returns the hash of a token; nil without one.
func sumOf(token string) *[sha256.Size]byte {
	if token == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(token))
	return &sum
}

func setDefault[T comparable](value *T, other T) {
	var zero T
	if *value == zero {
		*value = other
	}
}

// Register adds calls, before Run. A call that is made often should come first.
func (s *Server) Register(calls ...Call) { s.calls = append(s.calls, calls...) }

// Stopping returns a channel that is closed when the server begins to stop. An
// answer that is held back must then be sent.
func (s *Server) Stopping() <-chan struct{} { return s.stopping }

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// ExtendRead lets a client send, or stay connected, longer than Times.Body by
// that much.
func (s *Server) ExtendRead(w http.ResponseWriter, by time.Duration) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(by + s.opts.Times.Body))
}

// ExtendWrite lets an answer take that long from now on. Where deadlines cannot
// be set, the one of the server holds.
func ExtendWrite(w http.ResponseWriter, within time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(within))
}
