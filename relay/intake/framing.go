package intake

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// framing watches the lines that come on a connection for requests whose end
// could be found in two ways: a Content-Length beside a Transfer-Encoding, or a
// Transfer-Encoding in HTTP/1.0. net/http follows one and hides the other from
// handlers, and a proxy before sidehook may have followed the other.
//
// It does not know where bodies begin, and takes their lines for headers, too.
// That may close a connection without need. It never misses one that must be
// closed: there is no empty line between two headers of a request.
type framing struct {
	encoded atomic.Bool // a Transfer-Encoding has come
	twoWays atomic.Bool // and one with a Content-Length, without an empty line between

	// Of the reader, of which there is one at a time.
	begin            [32]byte // how this line begins
	n                int      // so much of begin has come
	length, encoding bool     // these headers have come since the last empty line
}

// watch takes note of bytes that came.
func (f *framing) watch(p []byte) {
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			f.n += copy(f.begin[f.n:], p)
			return
		}
		f.n += copy(f.begin[f.n:], p[:end])
		f.line(f.begin[:f.n])
		f.n, p = 0, p[end+1:]
	}
}

// line takes note of a line, given how it begins.
func (f *framing) line(begin []byte) {
	if len(begin) == 0 || len(begin) == 1 && begin[0] == '\r' {
		f.length, f.encoding = false, false
		return
	}
	switch begin = bytes.TrimLeft(begin, " \t"); {
	case isHeader(begin, "content-length"):
		f.length = true
	case isHeader(begin, "transfer-encoding"):
		f.encoding = true
		f.encoded.Store(true)
	default:
		return
	}
	if f.length && f.encoding {
		f.twoWays.Store(true)
	}
}

// isHeader reports whether a line begins with that name. What stands for its
// hyphen does not matter: some servers take an underscore for one.
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

// withConn lets requests know their connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// framedInTwoWays reports whether the end of a request could be found in two
// ways, so that no other may follow on its connection.
func framedInTwoWays(r *http.Request) bool {
	c, ok := r.Context().Value(connKey{}).(*conn)
	return ok && (c.framing.twoWays.Load() || !r.ProtoAtLeast(1, 1) && c.framing.encoded.Load())
}
