package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// maxHeader is 64 KiB less the slop that net/http adds.
const maxHeader = 64<<10 - 4096

// door is one listener and what serves it.
type door struct {
	*listener
	guard  guard
	http   *http.Server
	socket *socketFile // to remove at the end; nil if it is not ours
}

// Run opens the listeners and serves them until ctx is done. It returns once
// the requests under way have been answered, or with an error if they took too
// long, or if it could not listen.
func (s *Server) Run(ctx context.Context) error {
	doors, err := s.open()
	if err != nil {
		return err
	}
	// A stop lets requests end, so that theirs is another context.
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)

	var group sync.WaitGroup
	ended := make(chan error, len(doors))
	for _, d := range doors {
		d.http = s.httpServer(work, d)
		group.Go(func() { ended <- d.http.Serve(d.listener) })
	}
	s.announce(doors)

	select {
	case <-ctx.Done():
	case err = <-ended:
		err = fmt.Errorf("accept connections: %w", err)
	}
	if late := s.stop(doors); late != nil {
		cut(late)
		err = errors.Join(err, late)
	}
	group.Wait()
	s.log.Info("stopped listening")
	return err
}

func (s *Server) httpServer(work context.Context, d *door) *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.serve(work, w, r, d.guard)
		}),
		ReadHeaderTimeout: s.opts.Times.Header,
		ReadTimeout:       s.opts.Times.Body,
		WriteTimeout:      s.opts.Times.Write,
		IdleTimeout:       s.opts.Times.Idle,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withConn,
		ConnState:         connState,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		// OPTIONS * is no call of ours either.
		DisableGeneralOptionsHandler: true,
	}
}

func (s *Server) announce(doors []*door) {
	addrs := make([]net.Addr, len(doors))
	for i, d := range doors {
		addrs[i] = d.Addr()
		s.log.Info("listening", "network", addrs[i].Network(), "address", addrs[i].String())
	}
	if s.opts.Opened != nil {
		s.opts.Opened(addrs)
	}
}

// stop ends what the doors do, in this order: answers that are held back leave
// as they stand; no new connection gets in; kept connections are told by an
// answer, for those that send a request just now; connections that never sent
// anything are closed; requests under way end.
func (s *Server) stop(doors []*door) error {
	s.stopping.Store(true)
	close(s.closing)
	for _, d := range doors {
		d.Close()
		d.socket.remove(s.log)
	}
	linger := time.Now().Add(s.opts.Times.Linger)
	for _, d := range doors {
		d.drained(time.Until(linger))
		d.closeUnused()
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), s.opts.Times.Stop,
		fmt.Errorf("requests were still under way after %v", s.opts.Times.Stop))
	defer cancel()
	errs := make([]error, len(doors))
	var group sync.WaitGroup
	for i, d := range doors {
		group.Go(func() {
			if d.http.Shutdown(ctx) != nil && ctx.Err() != nil {
				errs[i] = fmt.Errorf("stop listener %s: %w", d.Addr(), context.Cause(ctx))
				d.http.Close()
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// open opens every listener, or none.
func (s *Server) open() (doors []*door, err error) {
	defer func() {
		if err != nil {
			for _, d := range doors {
				d.Close()
				d.socket.remove(s.log)
			}
		}
	}()
	add := func(l net.Listener, file *socketFile) error {
		guard, err := s.guardOf(l.Addr())
		doors = append(doors, &door{listener: newListener(l, s.opts.MaxConns, s.log), guard: guard, socket: file})
		return err
	}
	var tcp, socket bool // handed over
	for _, l := range s.opts.Listeners {
		socket = socket || l.Addr().Network() == "unix"
		tcp = tcp || l.Addr().Network() == "tcp"
		if unix, ok := l.(*net.UnixListener); ok {
			unix.SetUnlinkOnClose(false)
		}
		if err := add(l, nil); err != nil {
			return doors, err
		}
	}
	if s.opts.HTTP != "" && !tcp {
		l, err := net.Listen("tcp", s.opts.HTTP)
		if err != nil {
			var op *net.OpError
			if errors.As(err, &op) {
				err = op.Err // it names the address, too
			}
			return doors, fmt.Errorf("listen on address %q: %w", s.opts.HTTP, advised(err, "listen.http"))
		}
		if err := add(l, nil); err != nil {
			return doors, err
		}
	}
	if s.opts.Socket != "" && !socket {
		l, file, err := listenSocket(s.opts.Socket, s.opts.SocketMode)
		if err != nil {
			return doors, fmt.Errorf("listen on socket %q: %w", s.opts.Socket, advised(err, "listen.socket"))
		}
		if err := add(l, file); err != nil {
			return doors, err
		}
	}
	return doors, nil
}

// advised says what to do about a place where nobody can listen, and which key of
// the file names that place.
func advised(err error, key string) error {
	todo := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		todo = "stop what listens there"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		todo = "give this machine that address"
	case errors.Is(err, fs.ErrNotExist):
		todo = "make its folder"
	case errors.Is(err, fs.ErrPermission):
		todo = "let the user that sidehook runs as do so"
	default:
		return err
	}
	return fmt.Errorf("%w; %s, or change %s", err, todo, key)
}
