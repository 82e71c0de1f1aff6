package send

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// pingAfter is how long an HTTP/2 connection may be silent, while requests are under
// way on it, before it is asked whether it still lives.
const pingAfter = 15 * time.Second

// errChoseHTTP1 is the error of a request over HTTP/2 to a receiver that speaks it no
// longer.
var errChoseHTTP1 = errors.New("the receiver chose HTTP/1.1, and HTTP/2 before")

// errChoseHTTP2 says that the receiver has chosen HTTP/2 on another connection.
var errChoseHTTP2 = errors.New("the receiver chose HTTP/2")

// http2 makes the requests to a receiver that has chosen HTTP/2.
type http2 struct {
	chosen    atomic.Bool
	transport http.Transport
}

// dialBy sets how a connection is opened, and for how long that is tried.
func (h *http2) dialBy(connect func(context.Context) (dialled, error), timeout time.Duration) {
	h.transport = http.Transport{
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if conn := exchangeOf(ctx).takeOver(); conn != nil {
				return conn, nil
			}
			// The transport takes the end of the request from ctx.
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			d, err := connect(ctx)
			if err != nil {
				return nil, err
			}
			if !d.choseHTTP2() {
				h.chosen.Store(false)
				d.Close()
				return nil, errChoseHTTP1
			}
			return d.Conn, nil
		},
		DisableCompression:     true,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaders,
		ForceAttemptHTTP2:      true,
		// Before it is read, a receiver may send no more of a body than will be.
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter, MaxReceiveBufferPerStream: maxBody},
	}
}

func (h *http2) RoundTrip(r *http.Request) (*http.Response, error) {
	return traced{&h.transport}.RoundTrip(r)
}

// roundTripOn makes a request on a connection on which the receiver has just chosen
// HTTP/2. Others may follow on it.
func (h *http2) roundTripOn(conn dialled, r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	x.handOver(conn.Conn)
	defer func() {
		if unused := x.takeOver(); unused != nil { // another connection was there
			unused.Close()
		}
	}()
	h.chosen.Store(true)
	return h.RoundTrip(r)
}

// traced is a transport of package net/http that tells the exchange how a request
// proceeds.
type traced struct{ http.RoundTripper }

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	return t.RoundTripper.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn:              func(info httptrace.GotConnInfo) { x.gotConn(info.Conn.RemoteAddr(), info.Reused) },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { x.WroteRequest(info.Err) },
		GotFirstResponseByte: x.GotFirstByte,
	})))
}
