// Package receiver is a receiver of webhooks for people who develop one: it verifies each
// request as a receiver should, answers as its script says, and passes on what it got. The
// commands listen and demo use it; the relay does not.
package receiver

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"sidehook/relay/sign"
)

// MaxBody is how much of a body is read, in bytes. It is more than any event with
// the largest max_event_size.
const MaxBody = 64 << 20

// Request is what came, and what was made of it.
type Request struct {
	At      time.Time
	Method  string
	Path    string // with its query
	Header  http.Header
	Body    []byte
	Attempt int   // by Sidehook-Attempt, 0 without
	Problem error // why it does not verify, nil if it does or Receiver has no secrets
	Answer  string
}

// Receiver answers requests. Its fields must not change once it serves.
type Receiver struct {
	Scheme  sign.Scheme
	Secrets []string // none: nothing is verified
	Script  *Script  // nil if Forward is set
	// Forward passes requests on to an application whose answers are the answers; nil
	// without.
	Forward *Forward
	// Seen is told of each request, before it is answered. It may be called at once
	// by several requests.
	Seen func(Request)
}

func (rec *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	got := Request{At: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header, Body: body}
	got.Attempt, _ = strconv.Atoi(r.Header.Get("Sidehook-Attempt"))
	if err != nil {
		got.Problem, got.Answer = err, "none: the body did not arrive whole"
		rec.Seen(got)
		panic(http.ErrAbortHandler)
	}
	if len(rec.Secrets) > 0 {
		got.Problem = sign.Explain(rec.Scheme, rec.Secrets, r.Header, body, got.At)
	}
	if rec.Forward != nil {
		rec.Forward.serve(w, r, got, rec.Seen)
		return
	}
	a := rec.Script.next()
	got.Answer = a.String()
	rec.Seen(got)
	a.give(w, r)
}

// Forward passes requests on, as they came but for their host.
type Forward struct {
	URL    string
	Client http.Client
}

// hopByHop are the headers that are of one connection (RFC 9110, 7.6.1).
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (f *Forward) serve(w http.ResponseWriter, r *http.Request, got Request, seen func(Request)) {
	answer, err := f.ask(r, got)
	if err != nil {
		got.Answer = "502: " + err.Error()
		seen(got)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	got.Answer = answer.Status
	seen(got)
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	for _, name := range hopByHop {
		w.Header().Del(name)
	}
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body) // an answer that breaks off does so for the sender, too
}

func (f *Forward) ask(r *http.Request, got Request) (*http.Response, error) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, f.URL, bytes.NewReader(got.Body))
	if err != nil {
		return nil, err
	}
	out.Header = r.Header.Clone()
	for _, name := range hopByHop {
		out.Header.Del(name)
	}
	answer, err := f.Client.Do(out)
	if err != nil && r.Context().Err() != nil {
		return nil, errors.New("the sender did not wait for the answer")
	}
	return answer, err
}
