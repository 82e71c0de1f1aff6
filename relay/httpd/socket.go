package httpd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	maxSocketPath = 107 // what fits into sockaddr_un on Linux
	socketBacklog = 4096
)

// listenSocket listens on a Unix socket. The mode is set between bind and listen:
// until then connecting is refused, so nobody can connect by the mode that the
// umask left.
func listenSocket(path string, mode fs.FileMode) (net.Listener, *socketFile, error) {
	if len(path) > maxSocketPath {
		return nil, nil, fmt.Errorf("the path has %d bytes; at most %d are allowed", len(path), maxSocketPath)
	}
	if err := clearStale(path); err != nil {
		return nil, nil, err
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close() // the listener has a descriptor of its own

	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return nil, nil, os.NewSyscallError("bind", err)
	}
	l, own, err := openBound(file, path, mode)
	if err != nil {
		return nil, nil, errors.Join(err, os.Remove(path))
	}
	return l, own, nil
}

// openBound begins to listen on a socket that is bound to path.
func openBound(file *os.File, path string, mode fs.FileMode) (net.Listener, *socketFile, error) {
	if err := os.Chmod(path, mode); err != nil {
		return nil, nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Listen(int(file.Fd()), socketBacklog); err != nil {
		return nil, nil, os.NewSyscallError("listen", err)
	}
	l, err := net.FileListener(file)
	if err != nil {
		return nil, nil, err
	}
	return l, &socketFile{path: path, info: info}, nil
}

// clearStale removes a socket at path on which nobody listens, as a process that
// was killed leaves one. It removes nothing else. Of two processes with one history
// the second never gets here.
func clearStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("a file that is not a socket is in the way; move it or choose another path")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
		return errors.New("another process listens there; stop it or choose another path")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot tell whether another process listens there: %w", err)
	}
	(&socketFile{path: path, info: info}).remove(slog.New(slog.DiscardHandler))
	return nil
}

// socketFile is the file of our socket. It is not removed once another process has
// replaced it.
type socketFile struct {
	path string
	info fs.FileInfo
}

func (f *socketFile) remove(log *slog.Logger) {
	if f == nil {
		return
	}
	info, err := os.Lstat(f.path)
	if err == nil && os.SameFile(info, f.info) {
		err = os.Remove(f.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("cannot remove the file of the socket", "error", err)
	}
}
