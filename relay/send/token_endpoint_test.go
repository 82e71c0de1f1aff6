package send_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history/event"
	"sidehook/relay/send"
)

// A failure at the token endpoint is a failed attempt: its reason says so and has no
// secret, and the receiver gets no request.
func TestTokenEndpointFails(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	answers := func(code int, contentType, body string) string {
		address, _ := tokenServer(t, ca, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			io.WriteString(w, body)
		})
		return address
	}
	hangs, _ := tokenServer(t, ca, func(_ int, _ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() })
	slow, _ := tokenServer(t, ca, func(_ int, w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"access_token":`)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	foreign, _ := tokenServer(t, other, func(_ int, w http.ResponseWriter, _ *http.Request) { grant(w, "t", "") })
	elsewhere, followed := tokenServer(t, ca, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	const json = "application/json"
	for _, c := range []struct{ name, address, want string }{
		{"refused", answers(400, json, `{"error":"invalid_scope","error_description":"no such scope; `+clientSecret+`"}`), "the token endpoint answered 400 Bad Request: invalid_scope: no such scope; ***"},
		{"refused with 200", answers(200, json, `{"error":"invalid_client"}`), "the token endpoint answered 200 OK: invalid_client"},
		{"refused with a page", answers(500, "text/html", "<p>"+clientSecret), "the token endpoint answered 500 Internal Server Error"},
		{"redirect", elsewhere, "the token endpoint answered 307 Temporary Redirect: redirects are not followed; token_url has to be the final one"},
		{"page", answers(200, "text/html", "<p>"), "the token endpoint: its answer is neither JSON nor a form"},
		{"endless", answers(200, json, `{"access_token":"`+strings.Repeat("x", 1<<20)+`"}`), "the token endpoint: its answer is neither JSON nor a form"},
		{"no token", answers(200, json, `{}`), "the token endpoint: its answer has no access_token"},
		{"another type", answers(200, json, `{"access_token":"t","token_type":"mac"}`), "the token endpoint answered with a token whose type is not Bearer"},
		{"no header", answers(200, json, `{"access_token":"a\r\nX: y"}`), "the token endpoint answered with a token that cannot stand in a header"},
		{"hangs", hangs, "the token endpoint: no answer within timeout 1s"},
		{"slow", slow, "the token endpoint: no answer within timeout 1s"},
		{"closed port", "https://127.0.0.1:1/token", "the token endpoint: dial tcp 127.0.0.1:1: connection refused"},
		{"address", "https://10.0.0.1/token", "the token endpoint: dial tcp 10.0.0.1:443: 10.0.0.1 is a private address (10.0.0.0/8); allow: [10.0.0.0/8] would permit it"},
		{"no TLS", strings.Replace(ends(t, "hello"), "http:", "https:", 1), "the token endpoint: it "},
		{"authority", foreign, "the token endpoint: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, got := recorder(t, 200)
			set := oauth2(t, settings(t, address), c.address)
			set.Timeout = time.Second
			q := begin(t, set, send.Options{Roots: ca.pool})
			q.add("1")
			l := q.wait(t, 1)[0]
			if l.how != "retry" || l.Code != 0 || l.Took <= 0 || l.Response != nil || !strings.HasPrefix(l.Error, c.want) || strings.Contains(l.Error, clientSecret) {
				t.Errorf("got %s %q\nwant %q", l.how, l.Error, c.want)
			}
			if len(got) > 0 {
				t.Error("the receiver got a request")
			}
			if c.name == "redirect" && followed.Load() > 2 {
				t.Error("the redirect was followed")
			}
		})
	}
}

// The endpoint is reached as the receiver is: through the proxy, with the client
// certificate, but under its own name.
func TestTokenEndpointConnection(t *testing.T) {
	ca := newAuthority(t)
	mine := ca.issue(nil)
	var certificates int
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			certificates++
		}
		if r.URL.Path == "/token" {
			grant(w, "t", "")
		}
	}))
	s.Config.ErrorLog, s.TLS = discard, serves(ca.issue(nil))
	s.TLS.ClientAuth = 1 // it is requested
	s.StartTLS()
	t.Cleanup(s.Close)
	set := oauth2(t, settings(t, s.URL), strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/token")
	set.TLS = send.TLS{Roots: ca.pool, Certificate: &mine, ServerName: "receiver.test"}
	q := begin(t, set, send.Options{})
	q.add("1")
	if l := q.wait(t, 1)[0]; !strings.HasPrefix(l.Error, "the token endpoint: tls: failed to verify certificate: x509: certificate is valid for receiver.test, not localhost") {
		t.Errorf("under another name than the receiver's: %s", show(q.all()))
	}
	set.OAuth2.TokenURL, _ = url.Parse(s.URL + "/token")
	q = begin(t, set, send.Options{})
	q.add("1")
	if l := q.wait(t, 1)[0]; l.Code != 200 || certificates != 2 {
		t.Errorf("%d of 2 requests with a certificate: %s", certificates, show(q.all()))
	}

	asked := make(chan string, 2)
	proxy := overTCP(t, forward(s.Listener.Addr().String(), asked))
	set = oauth2(t, settings(t, "https://receiver.test/hook"), "https://receiver.test:444/token")
	set.Allow, set.Proxy = nil, proxyAt("http", proxy)
	q = begin(t, set, send.Options{Roots: ca.pool})
	q.add("1")
	q.wait(t, 1)
	if first, second := <-asked, <-asked; first != "CONNECT receiver.test:444" || second != "CONNECT receiver.test:443" {
		t.Errorf("the proxy was asked for %q and %q", first, second)
	}
	set.Proxy.User = nil
	q = begin(t, set, send.Options{Roots: ca.pool})
	q.add("1")
	if l := q.wait(t, 1)[0]; !strings.HasPrefix(l.Error, "the token endpoint: the proxy http://"+proxy+": 407 Proxy Authentication Required") {
		t.Errorf("got %s", show(q.all()))
	}
	for _, scheme := range []string{"http", "https", "socks5"} {
		set.Proxy = proxyAt(scheme, "127.0.0.1:1")
		q = begin(t, set, send.Options{Roots: ca.pool})
		q.add("1")
		if l, want := q.wait(t, 1)[0], "the token endpoint: the proxy "+scheme+"://127.0.0.1:1: dial tcp 127.0.0.1:1: connection refused"; l.Error != want {
			t.Errorf("got %q, want %q", l.Error, want)
		}
	}
}

// The listener's own address is out of reach of the endpoint, too.
func TestTokenEndpointIsNotTheListener(t *testing.T) {
	ca := newAuthority(t)
	address, fetches := tokenServer(t, ca, func(_ int, w http.ResponseWriter, _ *http.Request) { grant(w, "t", "") })
	u, _ := url.Parse(address)
	own := netip.MustParseAddrPort(u.Host)
	to, _ := recorder(t, 200)
	q := begin(t, oauth2(t, settings(t, to), address), send.Options{Roots: ca.pool, Own: func() []netip.AddrPort { return []netip.AddrPort{own} }})
	q.add("1")
	if l := q.wait(t, 1)[0]; !strings.HasPrefix(l.Error, "the token endpoint: dial tcp ") || fetches.Load() > 0 {
		t.Errorf("%d fetches: %s", fetches.Load(), show(q.all()))
	}
}

// After the last attempt no connection to the endpoint is left.
func TestTokenConnectionsClose(t *testing.T) {
	ca := newAuthority(t)
	open := map[net.Conn]bool{}
	var mu sync.Mutex
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { grant(w, "t", "") }))
	s.Config.ErrorLog, s.TLS = discard, serves(ca.issue(nil))
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if open[c] = true; state == http.StateClosed {
			delete(open, c)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	to, _ := recorder(t, 200)
	c := send.NewClient(oauth2(t, settings(t, to), s.URL+"/token"), send.Options{Roots: ca.pool})
	c.Acquire()
	d := send.Delivery{Event: &event.Event{JSON: []byte(`{"specversion":"1.0","id":"1","source":"s","type":"t"}`)}, Attempt: 1}
	if r := c.Send(t.Context(), &d, send.Record{}); r.Verdict != send.Delivered {
		t.Fatalf("got %+v", r)
	}
	c.Release()
	c.Retire()
	if !soon(func() bool { mu.Lock(); defer mu.Unlock(); return len(open) == 0 }) {
		t.Error("a connection is left")
	}
}
