package httpd

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
)

// SmallBody is how much of a body is read before room is asked for.
const SmallBody = 16 << 10

// ReadBody reads a body into buf, which grows with what arrives and not with what
// is announced: a header costs nothing to send. Before a body becomes more than a
// small one, room is called with the size that it may have; nil: it is not. Then there
// is memory for all that is announced.
func ReadBody(r *http.Request, buf []byte, limit int, room func(size int) *Problem) ([]byte, *Problem) {
	const first = 4 << 10
	if r.ContentLength > int64(limit) {
		return buf, tooLarge(limit)
	}
	most := limit
	if r.ContentLength >= 0 {
		most = int(r.ContentLength)
	}
	buf = buf[:0]
	counted := room == nil || most <= SmallBody
	for {
		if !counted && len(buf) == SmallBody {
			counted = true
			if p := room(most); p != nil {
				return buf, p
			}
			if r.ContentLength >= 0 {
				buf = slices.Grow(buf, most-len(buf)+1)
			}
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(first, min(len(buf), most-len(buf)+1)))
		}
		// One byte more than the limit shows that there is more.
		end := min(cap(buf), limit+1)
		if !counted {
			end = min(end, SmallBody)
		}
		n, err := r.Body.Read(buf[len(buf):end])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return buf, tooLarge(limit)
		case err == io.EOF:
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, RefuseAndClose(http.StatusRequestTimeout, "the body took too long to arrive")
		case err != nil:
			return buf, RefuseAndClose(http.StatusBadRequest, "the body ended early")
		}
	}
}

func tooLarge(limit int) *Problem {
	p := RefuseAndClose(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit))
	p.Unread = true
	return p
}

// CheckEncoding refuses compressed bodies: their size would be known too late.
func CheckEncoding(h http.Header) *Problem {
	for _, encoding := range h["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return Unsupported("unsupported Content-Encoding; send the body uncompressed")
		}
	}
	return nil
}
