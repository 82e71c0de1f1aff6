package send

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth2 are the client credentials (RFC 6749, 4.4) that get a webhook its access
// tokens.
type OAuth2 struct {
	TokenURL               *url.URL
	ClientID, ClientSecret string
	Scopes                 []string
	Params                 []Param
}

// Param is a parameter of the token request. The value of a secret one is shown
// nowhere.
type Param struct {
	Name, Value string
	Secret      bool
}

// maxEarlyFetch is how long before its end a token is fetched anew, at most: a tenth of
// its life if that is shorter.
const maxEarlyFetch = time.Minute

// tokens fetches the access tokens of one webhook. It keeps a token until shortly
// before its end, and makes one fetch at a time: attempts that need a token
// meanwhile wait for it, within their own timeout.
type tokens struct {
	config   clientcredentials.Config
	endpoint *Client // with the connections to the endpoint; it makes no attempts
	http     *http.Client

	mu       sync.Mutex
	token    string    // "": there is none
	until    time.Time // when it is fetched anew; zero: when a receiver refuses it
	fetching *fetching
}

// fetching is a fetch that is under way. Others may read the result after done.
type fetching struct {
	done  chan struct{}
	token string
	err   error
	cut   bool // the attempt that made it ended first, which says nothing of the endpoint
}

// newTokens returns nil if the webhook has no oauth2.
func newTokens(s *Settings, o Options) *tokens {
	if s.OAuth2 == nil {
		return nil
	}
	settings := *s
	settings.URL, settings.Concurrency = s.OAuth2.TokenURL, 1
	if settings.URL.Hostname() != s.URL.Hostname() {
		settings.TLS.ServerName = "" // it is the receiver's
	}
	transport := newTransport(&settings, o)
	params := url.Values{}
	for _, p := range s.OAuth2.Params {
		params.Set(p.Name, p.Value)
	}
	return &tokens{
		config: clientcredentials.Config{
			ClientID: s.OAuth2.ClientID, ClientSecret: s.OAuth2.ClientSecret, TokenURL: settings.URL.String(),
			Scopes: s.OAuth2.Scopes, EndpointParams: params,
		},
		endpoint: &Client{settings: &settings, transport: transport},
		http: &http.Client{
			Transport:     tokenTransport{transport, s.UserAgent},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// tokenTransport makes the requests of the library, which reads more of an answer
// than is good, and takes JSON that is sent as text/plain for a form.
type tokenTransport struct {
	http.RoundTripper
	userAgent string
}

func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", t.userAgent)
	r.Header.Set("Accept", "application/json")
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body := bufio.NewReader(io.LimitReader(resp.Body, maxBody))
	if first, _ := body.Peek(1); string(first) == "{" {
		resp.Header.Set("Content-Type", "application/json")
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{body, resp.Body}
	return resp, nil
}

// get returns the token, and fetches one if there is none that is good for a while.
func (t *tokens) get(ctx context.Context) (string, error) {
	for {
		t.mu.Lock()
		if t.token != "" && (t.until.IsZero() || time.Until(t.until) > 0) {
			defer t.mu.Unlock()
			return t.token, nil
		}
		f := t.fetching
		if f == nil {
			f = &fetching{done: make(chan struct{})}
			t.fetching = f
			t.mu.Unlock()
			t.fetch(ctx, f)
			return f.token, f.err
		}
		t.mu.Unlock()
		select {
		case <-f.done:
			if !f.cut {
				return f.token, f.err
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// fetch makes a fetch, and hands its result to those who wait for it.
func (t *tokens) fetch(ctx context.Context, f *fetching) {
	f.cut = true // unless it comes to an end: a panic must not hold up others
	var until time.Time
	defer func() {
		t.mu.Lock()
		t.token, t.until, t.fetching = f.token, until, nil
		t.mu.Unlock()
		close(f.done)
	}()
	x := &exchange{client: t.endpoint}
	got, err := t.config.Token(context.WithValue(x.follow(ctx), oauth2.HTTPClient, t.http))
	f.cut = ctx.Err() != nil
	switch {
	case err != nil:
		f.err = err
	case got.TokenType != "" && !strings.EqualFold(got.TokenType, "bearer"):
		f.err = &tokenError{"answered with a token whose type is not Bearer"}
	case !isVisible(got.AccessToken):
		f.err = &tokenError{"answered with a token that cannot stand in a header"}
	default:
		f.token = got.AccessToken
		if !got.Expiry.IsZero() {
			until = got.Expiry.Add(-min(maxEarlyFetch, time.Until(got.Expiry)/10))
		}
	}
}

// refused drops a token that a receiver has refused, unless it was replaced already.
func (t *tokens) refused(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

// isVisible reports whether a token is visible ASCII, so that it can stand in a header.
func isVisible(token string) bool {
	return !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// close closes the connections to the endpoint.
func (t *tokens) close() { t.endpoint.close() }

// tokenError is an answer of the endpoint without a token that can be used.
type tokenError struct{ what string }

func (e *tokenError) Error() string { return e.what }

// noToken returns the verdict on an attempt for which no token could be had, and the reason.
func (c *Client) noToken(ctx context.Context, err error) (Verdict, string) {
	const endpoint = "the token endpoint"
	cause := context.Cause(ctx)
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	var refused *oauth2.RetrieveError
	var bad *tokenError
	switch {
	case cause != nil && cause != c.late:
		return Interrupted, cause.Error()
	case cause != nil:
		return Failed, endpoint + ": no answer within timeout " + brief(c.settings.Timeout)
	case errors.As(err, &refused):
		return Failed, shorten(endpoint+" answered "+plainRefusal(refused), c.secrets)
	case errors.As(err, &bad):
		return Failed, endpoint + " " + bad.what
	}
	text := shorten(endpoint+": "+c.tokens.plain(err), c.secrets)
	if isLocal(err) {
		return LocalFault, text
	}
	return Failed, text
}

// plainRefusal describes an answer without a token. It does not quote the body.
func plainRefusal(err *oauth2.RetrieveError) string {
	text := statusText(err.Response.StatusCode)
	if isRedirect(err.Response.StatusCode) {
		return text + ": redirects are not followed; token_url has to be the final one"
	}
	if err.ErrorCode != "" {
		text += ": " + err.ErrorCode
	}
	if err.ErrorDescription != "" {
		text += ": " + err.ErrorDescription
	}
	return text
}

// plain describes why the endpoint gave no answer, or none that can be read.
func (t *tokens) plain(err error) string {
	var op *net.OpError
	var connect *connectError
	if errors.As(err, &connect) || errors.As(err, &op) && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks ")) {
		return shownProxy(t.endpoint.settings.Proxy) + ": " + t.endpoint.plainProxy(err)
	}
	// The library has no types for these.
	switch text := err.Error(); {
	case strings.HasPrefix(text, "oauth2: cannot parse "):
		return "its answer is neither JSON nor a form"
	case text == "oauth2: server response missing access_token":
		return "its answer has no access_token"
	case strings.HasPrefix(text, "oauth2: cannot fetch token: "):
		return "its answer broke off"
	}
	return strings.Replace(t.endpoint.plain(err), "the receiver", "it", 1)
}
