package send

import (
	"bytes"
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"sidehook/relay/sign"
)

const (
	// quickTries is how many tries may follow the first one of an attempt because
	// a connection broke. Tries that the receiver did not process do not count.
	quickTries = 2
	// maxHeaders and maxBody limit what is read of an answer.
	maxHeaders = 64 << 10
	maxBody    = 64 << 10
)

// Client sends the attempts of one webhook for as long as its settings are the
// same. Each Send must be between Acquire and Release.
type Client struct {
	settings  *Settings
	transport http.RoundTripper
	retry     retryablehttp.Client
	request   *http.Request // is copied for each attempt
	headers   http.Header   // of every delivery
	canonical map[string]string
	secrets   [][]byte // longest first
	tokens    *tokens  // nil without oauth2
	late      error
	remote    atomic.Pointer[remote]

	users   atomic.Int32
	retired atomic.Bool
}

// remote is the text of the last address that was connected to. Mostly the next
// connection has the same.
type remote struct {
	addr netip.AddrPort
	text string
}

func (c *Client) addressText(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	last, now := c.remote.Load(), tcp.AddrPort()
	if last == nil || last.addr != now {
		last = &remote{now, tcp.String()}
		c.remote.Store(last)
	}
	return last.text
}

// NewClient returns a client that has no connections yet.
func NewClient(s *Settings, o Options) *Client {
	c := &Client{
		settings:  s,
		transport: newTransport(s, o),
		headers:   make(http.Header, len(s.Headers)+2),
		canonical: map[string]string{},
		secrets:   secrets(s),
		tokens:    newTokens(s, o),
		late:      &timeoutError{s.Timeout},
	}
	for _, h := range s.Headers {
		c.headers.Add(h.Name, h.Value)
	}
	c.headers["Content-Type"] = []string{s.contentType()}
	c.headers["User-Agent"] = []string{s.UserAgent}
	for _, signer := range s.Signers {
		for _, h := range signer.Append(nil, sign.Message{}) {
			c.canonical[h.Name] = textproto.CanonicalMIMEHeaderKey(h.Name)
		}
	}
	c.request = &http.Request{
		Method: http.MethodPost, URL: s.URL,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
	}
	c.retry = retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: tries{c}},
		RetryMax:     math.MaxInt, // again decides
		CheckRetry:   c.again,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return c
}

// newTransport returns what makes the requests.
func newTransport(s *Settings, o Options) http.RoundTripper {
	if o.Transport != nil {
		return traced{o.Transport}
	}
	return newConnections(s, o)
}

// again reports whether another try follows.
func (c *Client) again(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil || ctx.Err() != nil {
		return false, nil
	}
	x := exchangeOf(ctx)
	if unprocessed(err) {
		before, ok := x.againIgnored(ctx, err)
		if before > 0 { // another connection may reach a server that processes it
			c.closeIdle()
		}
		return ok, nil
	}
	if !x.again(err) {
		return false, nil
	}
	// If one kept-alive connection broke, the others mostly did, too, so the next try
	// must be on a new one.
	c.closeIdle()
	return true, nil
}

// Acquire keeps the connections open until Release.
func (c *Client) Acquire() { c.users.Add(1) }

// Release ends what Acquire began.
func (c *Client) Release() {
	if c.users.Add(-1) == 0 && c.retired.Load() {
		c.close()
	}
}

// Retire closes the connections after the last Release. No Acquire may follow.
func (c *Client) Retire() {
	c.retired.Store(true)
	if c.users.Load() == 0 {
		c.close()
	}
}

// close closes the connections, idle or not.
func (c *Client) close() {
	if t, ok := c.transport.(interface{ Close() }); ok {
		t.Close()
	}
	if c.tokens != nil {
		c.tokens.close()
	}
}

func (c *Client) closeIdle() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// tries is the transport for the retrying client. It has no CloseIdleConnections,
// which that client would call after each failed attempt.
type tries struct{ *Client }

func (t tries) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	x.begin()
	// Nobody else has the request. It gets its headers only here, because the client
	// would copy them for a redirect that it will not follow; and its body, because a
	// way to get it again would have the transport make tries of its own, which are not
	// recorded. An empty one is none: the transport could not tell, and would send chunks.
	r.Header = x.header
	if len(x.body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	}
	resp, err := t.transport.RoundTrip(r)
	if resp != nil {
		x.hideLocation(resp.Header)
	}
	return resp, err
}
