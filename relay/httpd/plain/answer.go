package plain

import (
	"net/http"
	"strconv"
	"time"
)

// answer is a ResponseWriter that keeps the answer until the handler has returned, so
// that it is written at once and its length is known. Its memory is used again.
type answer struct {
	header http.Header
	status int
	body   []byte
	out    []byte
	date   []byte
	second int64 // of date
}

// keepBytes is how much memory for answers a connection keeps.
const keepBytes = 4 << 10

// reset makes room for the next answer.
func (a *answer) reset() {
	if cap(a.body) > keepBytes {
		a.body, a.out = nil, nil
	}
	clear(a.header)
	a.status, a.body = 0, a.body[:0]
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status, once.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// closes reports whether no other request may follow.
func (a *answer) closes() bool { return a.header.Get("Connection") == "close" }

// bytes returns the whole answer.
func (a *answer) bytes(now time.Time) []byte {
	a.WriteHeader(http.StatusOK)
	a.out = strconv.AppendInt(append(a.out[:0], "HTTP/1.1 "...), int64(a.status), 10)
	a.out = append(append(append(a.out, ' '), http.StatusText(a.status)...), "\r\n"...)
	for name, values := range a.header {
		for _, value := range values {
			if name != "Content-Length" {
				a.out = append(append(append(append(a.out, name...), ": "...), value...), "\r\n"...)
			}
		}
	}
	if second := now.Unix(); second != a.second {
		a.second = second
		a.date = now.UTC().AppendFormat(append(a.date[:0], "Date: "...), http.TimeFormat+"\r\n")
	}
	a.out = append(append(a.out, a.date...), "Content-Length: "...)
	a.out = append(strconv.AppendInt(a.out, int64(len(a.body)), 10), "\r\n\r\n"...)
	a.out = append(a.out, a.body...)
	return a.out
}
