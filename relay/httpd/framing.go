package httpd

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// framing watches the lines that arrive on a connection for requests whose end
// could be found in two ways: with a Content-Length and a Transfer-Encoding, or
// with a Transfer-Encoding in HTTP/1.0. net/http follows one and hides the other
// from handlers, and a proxy before sidehook may have followed the other.
//
// It does not know where bodies begin, and reads their lines as headers, too. So
// it may close a connection without need. It never misses one that must be closed:
// there is no empty line between two headers of a request.
type framing struct {
	encoded   atomic.Bool // a Transfer-Encoding has arrived
	ambiguous atomic.Bool // and one with a Content-Length, without an empty line between

	// Only the reader uses these; there is one at a time.
	start            [32]byte // of this line
	n                int      // how much of start has arrived
	length, encoding bool     // these headers have arrived since the last empty line
}

// watch notes bytes that arrived.
func (f *framing) watch(p []byte) {
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			f.n += copy(f.start[f.n:], p)
			return
		}
		f.n += copy(f.start[f.n:], p[:end])
		f.line(f.start[:f.n])
		f.n, p = 0, p[end+1:]
	}
}

// line notes a line, given its start.
func (f *framing) line(start []byte) {
	if len(start) == 0 || len(start) == 1 && start[0] == '\r' {
		f.length, f.encoding = false, false
		return
	}
	for len(start) > 0 && (start[0] == ' ' || start[0] == '\t') {
		start = start[1:]
	}
	switch {
	case isHeader(start, "content-length"):
		f.length = true
	case isHeader(start, "transfer-encoding"):
		f.encoding = true
		f.encoded.Store(true)
	default:
		return
	}
	if f.length && f.encoding {
		f.ambiguous.Store(true)
	}
}

// isHeader reports whether a line begins with that name. Any character may stand
// for its hyphen: some servers read an underscore as one.
func isHeader(line []byte, name string) bool {
	if len(line) < len(name) {
		return false
	}
	for i := range len(name) {
		if name[i] != '-' && line[i]|0x20 != name[i] {
			return false
		}
	}
	return true
}

type connKey struct{}

// withConn gives requests access to their connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// framedAmbiguously reports whether the end of a request could be found in two
// ways, so that no other may follow on its connection.
func framedAmbiguously(r *http.Request) bool {
	c, ok := r.Context().Value(connKey{}).(*conn)
	return ok && (c.framing.ambiguous.Load() || !r.ProtoAtLeast(1, 1) && c.framing.encoded.Load())
}
