package plain_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sidehook/relay/httpd/plain"
)

// replay is a connection on which a request comes so many times.
type replay struct {
	net.Conn
	request string
	times   int
}

func (r *replay) Read(p []byte) (int, error) {
	if r.times--; r.times < 0 {
		return 0, io.EOF
	}
	return copy(p, r.request), nil
}

func (*replay) Write(p []byte) (int, error)      { return len(p), nil }
func (*replay) SetReadDeadline(time.Time) error  { return nil }
func (*replay) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkServe is what a request costs beside its handler and system calls.
func BenchmarkServe(b *testing.B) {
	kind, answer := []string{"application/json"}, []byte(`{"id":"1","webhooks":["one"]}`)
	server := &plain.Server{Method: "POST", Path: "/v1/events", Handle: func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = kind
		w.WriteHeader(http.StatusAccepted)
		w.Write(answer)
	}}
	request := line + "Host: localhost:4665\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 1024\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n" + strings.Repeat("x", 1024)
	b.ReportAllocs()
	plain.New(server, &replay{request: request, times: b.N}).Serve()
}
