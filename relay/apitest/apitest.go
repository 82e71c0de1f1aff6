// Package apitest runs the HTTP API in tests, as the relay puts it together, with
// a journal and an operator in memory. The tests of httpd, intake and admin call
// it from outside, over sockets or over pipes in a synctest bubble.
package apitest

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
	"sidehook/relay/intake"
)

// Options are those of the three packages in one.
type Options struct {
	HTTP, Socket string
	SocketMode   fs.FileMode
	Listeners    []net.Listener
	Token        string
	ReadToken    string
	MaxConns     int
	Times        httpd.Times
	Opened       func(addrs []net.Addr)
	Log          *slog.Logger

	MaxEventSize int
	Bodies       int64
	Deliveries   intake.Deliveries
	Answered     func(result string, events int)
	Unmatched    func(events int)

	Ready, Healthy func() error
	Metrics        func(w io.Writer) error

	Site httpd.Site // nil for none
}

// Server is the whole API.
type Server struct {
	*httpd.Server
	intake *intake.Handler
}

// New puts a server together.
func New(journal intake.Journal, operator admin.Operator, initial intake.Settings, opts Options) *Server {
	server := httpd.New(httpd.Options{
		HTTP: opts.HTTP, Socket: opts.Socket, SocketMode: opts.SocketMode, Listeners: opts.Listeners, Token: opts.Token, ReadToken: opts.ReadToken,
		MaxConns: opts.MaxConns, Times: opts.Times, Opened: opts.Opened, Log: opts.Log,
	})
	events := intake.New(server, journal, initial, intake.Options{
		MaxEventSize: opts.MaxEventSize, Bodies: opts.Bodies, Deliveries: opts.Deliveries,
		Answered: opts.Answered, Unmatched: opts.Unmatched, Log: opts.Log,
	})
	admin.New(server, operator, admin.Options{Ready: opts.Ready, Healthy: opts.Healthy, Metrics: opts.Metrics, Log: opts.Log})
	if opts.Site != nil {
		server.Mount(opts.Site)
	}
	return &Server{server, events}
}

// Apply puts new settings in force.
func (s *Server) Apply(next intake.Settings) { s.intake.Apply(next) }

// PostAs accepts an event of an operator.
func (s *Server) PostAs(ctx context.Context, body []byte, by string) (api.Receipt, *httpd.Problem) {
	return s.intake.Post(ctx, body, by)
}

// AcceptEach accepts events that come by no request.
func (s *Server) AcceptEach(ctx context.Context, offers []intake.Offer) ([]intake.Result, *httpd.Problem) {
	return s.intake.AcceptEach(ctx, offers)
}

// Settings are those of most tests.
var Settings = intake.Settings{Source: "test", Match: match, Generation: 7}

var both = []string{"one", "two"}

// match returns what the webhooks of the tests want.
func match(e *event.Event) (to []string, failures []history.Failure) {
	switch {
	case strings.HasPrefix(e.Type, "a."):
		return both[:1], nil
	case strings.HasPrefix(e.Type, "b."):
		return both, nil
	case strings.HasPrefix(e.Type, "failing."):
		return both, []history.Failure{{Webhook: "two", Reason: "why not"}}
	}
	return nil, nil
}

// Listener is a Server that runs, with a client for its port and for its socket.
type Listener struct {
	*Server
	Journal  *Journal
	Operator *Operator
	Addr     string // of the port
	Path     string // of the socket
	ViaPort  *http.Client
	ViaUnix  *http.Client
	Stop     func() error // and wait
}

// Start runs a Server on a free port and on a socket.
func Start(t testing.TB, initial intake.Settings, opts Options) *Listener {
	t.Helper()
	l := &Listener{Journal: &Journal{}, Operator: &Operator{}, Path: filepath.Join(ShortDir(t), "s")}
	opened := make(chan []net.Addr, 1)
	opts.HTTP, opts.Socket = "127.0.0.1:0", l.Path
	opts.Opened = func(addrs []net.Addr) { opened <- addrs }
	l.Server = New(l.Journal, l.Operator, initial, opts)
	l.Stop = Run(t, l.Server)
	l.Addr = (<-opened)[0].String()
	l.ViaPort = &http.Client{Transport: &http.Transport{}}
	l.ViaUnix = UnixClient(l.Path)
	t.Cleanup(l.ViaPort.CloseIdleConnections)
	t.Cleanup(l.ViaUnix.CloseIdleConnections)
	return l
}

// UnixClient returns a client of a socket.
func UnixClient(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

// Run runs a Server until the test ends or stop is called.
func Run(t testing.TB, s *Server) (stop func() error) {
	stop = start(s)
	t.Cleanup(func() { stop() })
	return stop
}

func start(s *Server) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

// ShortDir returns a folder whose path leaves room for that of a socket.
func ShortDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "in")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
