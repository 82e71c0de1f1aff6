package httpd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// open opens every listener, or none.
func (s *Server) open() (bindings []*binding, err error) {
	defer func() {
		if err != nil {
			for _, b := range bindings {
				b.Close()
				b.socket.remove(s.log)
			}
		}
	}()
	add := func(l net.Listener, file *socketFile) error {
		guard, err := s.newGuard(l.Addr())
		bindings = append(bindings, newBinding(newListener(l, s.opts.MaxConns, s.log), guard, file))
		return err
	}
	var tcp, socket bool // opened by others
	for _, l := range s.opts.Listeners {
		socket = socket || l.Addr().Network() == "unix"
		tcp = tcp || l.Addr().Network() == "tcp"
		if unix, ok := l.(*net.UnixListener); ok {
			unix.SetUnlinkOnClose(false)
		}
		if err := add(l, nil); err != nil {
			return bindings, err
		}
	}
	if s.opts.HTTP != "" && !tcp {
		l, err := net.Listen("tcp", s.opts.HTTP)
		if err != nil {
			var op *net.OpError
			if errors.As(err, &op) {
				err = op.Err // op names the address, too
			}
			return bindings, fmt.Errorf("listen on address %q: %w", s.opts.HTTP, withAdvice(err, "listen.http"))
		}
		if err := add(l, nil); err != nil {
			return bindings, err
		}
	}
	if s.opts.Socket != "" && !socket {
		l, file, err := listenSocket(s.opts.Socket, s.opts.SocketMode)
		if err != nil {
			return bindings, fmt.Errorf("listen on socket %q: %w", s.opts.Socket, withAdvice(err, "listen.socket"))
		}
		if err := add(l, file); err != nil {
			return bindings, err
		}
	}
	return bindings, nil
}

// withAdvice adds what to do about an address where it cannot listen, and the key
// of the file that names it.
func withAdvice(err error, key string) error {
	todo := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		todo = "stop the process that listens there"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		todo = "give this machine that address"
	case errors.Is(err, fs.ErrNotExist):
		todo = "create its folder"
	case errors.Is(err, fs.ErrPermission):
		todo = "give the user that sidehook runs as the permission"
	default:
		return err
	}
	return fmt.Errorf("%w; %s, or change %s", err, todo, key)
}
