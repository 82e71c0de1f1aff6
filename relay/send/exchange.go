package send

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"sidehook/history"
)

// exchange records one attempt on the wire: one try, or more if connections
// break. A large body is written, and HTTP/2 is spoken, by other goroutines; that
// for HTTP/2 calls it even after the attempt, for a spare connection, so it is not
// reused.
type exchange struct {
	client *Client
	header http.Header // of the request
	body   []byte
	// secrets are those that an answer may repeat, longest first.
	secrets [][]byte

	mu       sync.Mutex
	begun    time.Time // of this try
	dials    int       // connections that were dialled for it
	conns    int       // connections that it was given; a second one is a try of the transport for HTTP/2
	reused   bool      // the last of them had carried a request before
	written  bool      // the request is on its way as a whole
	answered bool      // a byte of the answer is here
	remote   string
	timing   history.Timing
	phase    time.Time // when what is being timed began
	stage    string    // what is missing while there is no connection
	tunnel   bool      // TLS with the receiver has begun: the proxy has connected
	location []string  // of a redirect
	broken   []broken  // the tries before this one
	ignored  int       // of broken, those that the receiver said it has not processed
	dialled  net.Conn  // that the transport for HTTP/2 is to use
}

// broken is a try that ended with its connection, or with the receiver saying
// that it has not processed the request.
type broken struct {
	err    error // nil: the transport's own doing, and nothing had been sent
	took   time.Duration
	timing history.Timing
	remote string
}

type exchangeKey struct{}

// exchangeOf returns the exchange that ctx is for: each request has one.
func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}

// follow returns a context with which the connections report to x.
func (x *exchange) follow(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// dialling returns a context with which the dialer reports to x. Only a new
// connection needs it, so a reused one costs nothing.
func (x *exchange) dialling(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(info httptrace.DNSStartInfo) { x.start("no answer of the DNS for " + info.Host) },
		DNSDone:  func(httptrace.DNSDoneInfo) { x.done(&x.timing.DNS) },
		ConnectStart: func(_, addr string) {
			x.mu.Lock()
			x.phase, x.remote, x.stage = time.Now(), addr, "no connection to "+addr
			x.mu.Unlock()
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				x.done(&x.timing.Connect)
				x.start("no connection to " + x.client.settings.URL.Host) // by the proxy, if that is still to come
			}
		},
	})
}

// begin starts a try.
func (x *exchange) begin() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begun = time.Now()
	x.dials, x.conns, x.reused, x.written, x.answered = 0, 0, false, false, false
	x.remote, x.timing, x.location, x.stage, x.tunnel = "", history.Timing{}, nil, "no connection", false
}

// start begins to time a part of connecting. stage says what is missing until the
// next part.
func (x *exchange) start(stage string) {
	x.mu.Lock()
	x.phase, x.stage = time.Now(), stage
	x.mu.Unlock()
}

// startTLS begins to time the handshake with the receiver.
func (x *exchange) startTLS() {
	x.start("no end of the TLS handshake")
	x.mu.Lock()
	x.tunnel = true
	x.mu.Unlock()
}

func (x *exchange) done(part *time.Duration) {
	x.mu.Lock()
	*part = time.Since(x.phase)
	x.mu.Unlock()
}

// gotConn says which connection the request is made on.
func (x *exchange) gotConn(to net.Addr, reused bool) {
	remote := x.client.addressText(to)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conns++; x.conns > 1 {
		x.breaks(nil)
		x.begun, x.written = time.Now(), false
	}
	if x.reused = reused; reused {
		x.timing = history.Timing{} // it was of a connection that is not used
	}
	x.remote = remote
}

// handOver keeps a connection for the transport for HTTP/2.
func (x *exchange) handOver(conn net.Conn) {
	x.mu.Lock()
	x.dialled = conn
	x.mu.Unlock()
}

// takeOver returns the connection that was handed over, nil if it is taken.
func (x *exchange) takeOver() net.Conn {
	x.mu.Lock()
	defer x.mu.Unlock()
	conn := x.dialled
	x.dialled = nil
	return conn
}

// WroteRequest is told that the request is written, or that it could not be.
func (x *exchange) WroteRequest(err error) {
	x.mu.Lock()
	x.written = err == nil
	x.mu.Unlock()
}

// GotFirstByte is told that the answer begins.
func (x *exchange) GotFirstByte() {
	x.mu.Lock()
	x.answered = true
	x.timing.FirstByte = time.Since(x.begun)
	x.mu.Unlock()
}

// breaks records the try before another one begins.
func (x *exchange) breaks(err error) {
	x.broken = append(x.broken, broken{err, time.Since(x.begun), x.timing, x.remote})
}

// again reports whether another try may follow at once: if the connection broke
// before the whole request was written, or was a kept-alive one that the receiver
// had closed. In both cases the receiver cannot have begun an answer.
func (x *exchange) again(err error) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	// What is in a buffer, or is dropped after a reset, counts as written. If it did
	// not leave, the error is of a write.
	var op *net.OpError
	written := x.written && !(errors.As(err, &op) && op.Op == "write")
	if x.conns == 0 || x.answered || written && !x.reused || len(x.broken)-x.ignored >= quickTries {
		return false
	}
	x.breaks(err)
	return true
}

// againIgnored waits before the next try after one that the receiver has not
// processed, and reports whether there is time. n is how many such tries there
// were before.
func (x *exchange) againIgnored(ctx context.Context, err error) (n int, ok bool) {
	x.mu.Lock()
	n = x.ignored
	x.mu.Unlock()
	if !x.pause(ctx, n) {
		return n, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.breaks(err)
	x.ignored++
	return n, true
}

// pause waits before a request is sent again that was not processed n times: not
// at all the first time, then from 10 ms doubling to a twentieth of the timeout.
// Jitter of up to half spreads requests that were refused together. It reports
// whether the attempt has time for that.
func (x *exchange) pause(ctx context.Context, n int) bool {
	if n <= 0 {
		return true
	}
	wait := min(10*time.Millisecond<<min(n-1, 20), x.client.settings.Timeout/20)
	wait -= rand.N(wait/2 + 1)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return false
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// pauseDialling does the same before a connection is dialled, because the
// transport repeats a request without a body by itself: endlessly, if no
// connection takes requests.
func (x *exchange) pauseDialling(ctx context.Context) {
	x.mu.Lock()
	x.dials++
	again := x.dials - 2
	x.mu.Unlock()
	x.pause(ctx, again)
}

// hideLocation removes the target of a redirect, so that the client ignores it.
func (x *exchange) hideLocation(h http.Header) {
	if location := h["Location"]; location != nil {
		delete(h, "Location")
		x.mu.Lock()
		x.location = location
		x.mu.Unlock()
	}
}

// finish completes the record of the last try, and returns the tries before it.
func (x *exchange) finish(a *history.Attempt) []broken {
	x.mu.Lock()
	defer x.mu.Unlock()
	a.Took, a.Timing, a.Remote = time.Since(x.begun), x.timing, x.remote
	return x.broken
}

// waitedFor returns what was missing when the last try was cut off.
func (x *exchange) waitedFor() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.conns > 0:
		return "no answer"
	case x.proxied():
		return shownProxy(x.client.settings.Proxy) + ": " + x.stage
	}
	return x.stage
}

// atProxy reports whether the last try got no further than the proxy, so that the
// failure is the proxy's. Once there is a connection, nobody can tell.
func (x *exchange) atProxy() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.conns == 0 && x.proxied()
}

func (x *exchange) proxied() bool { return x.client.settings.Proxy != nil && !x.tunnel }
