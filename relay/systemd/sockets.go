package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets returns the sockets that systemd passed to this process, in systemd's order.
// Their network is "tcp" or "unix". Their mode and address are systemd's: closing one
// does not unlink it, and systemd keeps listening. It must be called once.
func Sockets() ([]net.Listener, error) {
	var listeners []net.Listener
	var errs []error
	for _, file := range activation.Files(true) {
		l, err := listen(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("use systemd's socket %q: %w", file.Name(), err))
			continue
		}
		listeners = append(listeners, l)
	}
	if err := errors.Join(errs...); err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	return listeners, nil
}

// listen makes a listener from a socket, and closes the file: the listener has its own
// descriptor.
func listen(file *os.File) (net.Listener, error) {
	defer file.Close()
	listening, err := syscall.GetsockoptInt(int(file.Fd()), syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt", err)
	}
	if listening == 0 {
		return nil, errors.New("nothing listens on it; the unit needs ListenStream= and Accept=no")
	}
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	switch l := l.(type) {
	case *net.TCPListener:
		return l, nil
	case *net.UnixListener:
		l.SetUnlinkOnClose(false)
		if l.Addr().Network() == "unix" {
			return l, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("it is of network %q; the unit needs ListenStream=", l.Addr().Network()), l.Close())
}
