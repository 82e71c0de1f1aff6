package config

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// listening is the section `listen` while it is read.
type listening struct {
	*Listen
	http, token *value // where they stand
}

func listenFields() []field[listening] {
	return []field[listening]{
		{"http", readHTTP},
		{"socket", readSocket},
		{"socket_mode", readSocketMode},
		{"token", readToken},
		{"max_event_size", func(l *loader, v *value, in *listening) { l.size(v, 1<<10, 16<<20, &in.MaxEventSize) }},
	}
}

func (l *loader) listen(v *value, into *Listen) {
	in := listening{Listen: into}
	readFields(l, v, listenFields(), &in)
	if in.http != nil && into.HTTP != "" && !isLoopback(into.HTTP) && in.token == nil {
		l.fail(in.http, "is not loopback: listen.token is required", "set it, or write 127.0.0.1:4665")
	}
}

func readHTTP(l *loader, v *value, in *listening) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	in.http = v
	if t.string == "off" {
		in.HTTP = ""
		return
	}
	host, port, err := net.SplitHostPort(t.string)
	if err != nil || port != "0" && !isPort(port) || !isHost(host) {
		hint := ""
		if isPort(t.string) && !t.filled {
			hint = "write 127.0.0.1:" + t.string
		}
		if n, ok := number(port); err == nil && isHost(host) && ok && n > 65535 {
			hint = "write a port from 1 to 65535, or 0 for any"
		}
		l.fail(v, "must be HOST:PORT or off, not "+t.show(), hint)
		return
	}
	in.HTTP = t.string
}

// maxSocket is the longest path that every system takes for a Unix socket.
const maxSocket = 103

func readSocket(l *loader, v *value, in *listening) {
	var path string
	switch l.line(v, 4096, &path); path {
	case "":
	case "off":
		in.Socket = ""
	default:
		in.Socket = l.resolve(path)
		if len(in.Socket) > maxSocket {
			l.fail(v, fmt.Sprintf("makes a path of %d bytes, and a Unix socket's has at most %d", len(in.Socket), maxSocket), "write a shorter path, such as /run/sidehook.sock")
		}
	}
}

// readSocketMode takes the octal digits, quoted or not.
func readSocketMode(l *loader, v *value, in *listening) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	mode, err := strconv.ParseUint(t.string, 8, 32)
	if digits := strings.TrimPrefix(t.string, "0"); err != nil || len(digits) != 3 {
		l.fail(v, "must be the three octal digits of a file's mode, not "+t.show(), `write "0660"`)
		return
	}
	in.SocketMode = os.FileMode(mode)
}

func readToken(l *loader, v *value, in *listening) {
	in.token = v
	t, ok := l.key(v)
	switch {
	case !ok || !t.known:
	case t.string == "":
		l.fail(v, "must not be empty", "")
	case hasControl(t.string):
		l.fail(v, "must not hold control characters", oneLine)
	case strings.ContainsFunc(t.string, func(r rune) bool { return r <= ' ' || r > '~' }):
		l.fail(v, "must be letters, digits and signs of ASCII, without spaces", "")
	default:
		in.Token = NewSecret(t.string)
	}
}

// isLoopback reports whether only this machine can reach the address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// isHost reports whether host is one to listen at: an address, a name, or "" for
// all addresses.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return true
	}
	return all(strings.Split(host, "."), isLabel)
}

// isPort reports whether s is a port from 1 to 65535.
func isPort(s string) bool {
	n, ok := number(s)
	return ok && 1 <= n && n <= 65535
}
