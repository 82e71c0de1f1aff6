package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"sidehook/relay/httpd/plain"
)

// maxHeader is 64 KiB less the slop that net/http adds.
const maxHeader = 64<<10 - 4096

// Run opens the listeners and serves them until ctx is done. It returns when the
// requests in flight have been answered, or with an error if they took too long
// or it could not listen.
func (s *Server) Run(ctx context.Context) error {
	bindings, err := s.open()
	if err != nil {
		return err
	}
	// A stop lets requests end, so they have another context.
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)

	var group sync.WaitGroup
	ended := make(chan error, len(bindings))
	for _, b := range bindings {
		b.http, b.plain = s.httpServer(work, b), s.plainServer(work, b)
		group.Go(func() { _ = b.http.Serve(b.rest) }) // until it is shut down
		b.serving.Go(func() { ended <- b.accept() })
	}
	s.announce(bindings)

	select {
	case <-ctx.Done():
	case err = <-ended:
		err = fmt.Errorf("accept connections: %w", err)
	}
	if late := s.stop(bindings); late != nil {
		cut(late)
		err = errors.Join(err, late)
	}
	group.Wait()
	s.log.Info("stopped listening")
	return err
}

func (s *Server) httpServer(work context.Context, b *binding) *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.serve(work, w, r, &b.guard)
		}),
		ReadHeaderTimeout: s.opts.Times.Header,
		ReadTimeout:       s.opts.Times.Body,
		WriteTimeout:      s.opts.Times.Write,
		IdleTimeout:       s.opts.Times.Idle,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withConn,
		ConnState:         connState,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		// OPTIONS * is not a call of ours either.
		DisableGeneralOptionsHandler: true,
	}
}

// plainServer serves the call that is made most.
func (s *Server) plainServer(work context.Context, b *binding) *plain.Server {
	server := &plain.Server{
		Times: plain.Times{Header: s.opts.Times.Header, Body: s.opts.Times.Body, Write: s.opts.Times.Write, Idle: s.opts.Times.Idle},
		Handle: func(w http.ResponseWriter, r *http.Request) {
			s.serve(work, w, r, &b.guard)
		},
	}
	if i := slices.IndexFunc(s.calls, func(c Call) bool { return c.Plain }); i >= 0 {
		server.Method, server.Path = s.calls[i].Method, s.calls[i].Path
	}
	return server
}

func (s *Server) announce(bindings []*binding) {
	addrs := make([]net.Addr, len(bindings))
	for i, b := range bindings {
		addrs[i] = b.Addr()
		s.log.Info("listening", "network", addrs[i].Network(), "address", addrs[i].String())
	}
	if s.opts.Opened != nil {
		s.opts.Opened(addrs)
	}
}

// stop stops the bindings, in this order: answers that are held back are sent;
// no new connection is accepted; clients on kept connections that send a request
// now are served, and told that it is the last; connections that never sent anything are closed;
// requests in flight end.
func (s *Server) stop(bindings []*binding) error {
	close(s.stopping)
	for _, b := range bindings {
		b.Close()
		b.socket.remove(s.log)
	}
	noticed := time.Now().Add(s.opts.Times.Notice)
	for _, b := range bindings {
		b.waitUnused(time.Until(noticed))
		b.closeUnused()
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), s.opts.Times.Stop,
		fmt.Errorf("requests were still in flight after %v", s.opts.Times.Stop))
	defer cancel()
	errs := make([]error, len(bindings))
	var group sync.WaitGroup
	for i, b := range bindings {
		group.Go(func() {
			if b.http.Shutdown(ctx) != nil || !b.wait(ctx) {
				errs[i] = fmt.Errorf("stop listener %s: %w", b.Addr(), context.Cause(ctx))
				b.http.Close()
				b.closePlain()
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
