package database

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// controlSocket has a connection break when what was sent is not acknowledged, which
// keep-alive does not notice.
func controlSocket(network, _ string, c syscall.RawConn) (err error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	ctlErr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadAfter.Milliseconds()))
	})
	if ctlErr != nil {
		return ctlErr
	}
	return err
}
