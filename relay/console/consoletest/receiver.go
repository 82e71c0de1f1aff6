package consoletest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Receiver takes deliveries on loopback, and answers 200 until a test sets another answer.
type Receiver struct {
	URL string

	mu      sync.Mutex
	taken   map[string][]Taken
	answers map[string]http.HandlerFunc
}

// Taken is one request that a receiver got.
type Taken struct {
	Header http.Header
	Body   string
}

// NewReceiver starts a receiver.
func NewReceiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{taken: map[string][]Taken{}, answers: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// ServeHTTP takes one request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body) // it is what came until the connection broke
	r.mu.Lock()
	r.taken[req.URL.Path] = append(r.taken[req.URL.Path], Taken{req.Header, string(body)})
	answer := r.answers[req.URL.Path]
	r.mu.Unlock()
	if answer != nil {
		answer(w, req)
	}
}

// Answer sets how requests to a path are answered from now on; nil is 200.
func (r *Receiver) Answer(path string, answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[path] = answer
}

// Taken returns the requests to a path.
func (r *Receiver) Taken(path string) []Taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Taken(nil), r.taken[path]...)
}

// Hook returns a webhook of the file that sends the events a.* to the path /NAME of
// the receiver; more is more of its keys in YAML's flow style, such as
// ", paused: true".
func (r *Receiver) Hook(name, more string) string {
	return fmt.Sprintf("  - {name: %s, url: '%s/%s', events: ['a.*'], allow: [http, any-host, 127.0.0.0/8], retry: [50ms, 1h]%s}\n", name, r.URL, name, more)
}

// Answer returns an answer with a status, a type and a body.
func Answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}
