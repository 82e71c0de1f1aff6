package httpd_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sidehook/relay/apitest"
)

// TestGuard goes through who may call what: by which way, with which token,
// under which Host, from where.
func TestGuard(t *testing.T) {
	const (
		post   = "POST /v1/events"
		look   = "GET /v1/webhooks"
		resend = "POST /v1/events/e/resend"
		live   = "GET /healthz"
		ready  = "GET /readyz"
		count  = "GET /metrics"
		none   = "GET /nothing"
	)
	evil := []string{"Host", "evil.example"}
	page := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	good := []string{"Authorization", "Bearer s3cret"}
	bad := []string{"Authorization", "Bearer s3cret2"}
	with := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	const unix, tcp = "unix", "tcp"
	for _, c := range []struct {
		network, token, call string
		headers              []string
		want                 int
	}{
		{unix, "", post, nil, 202},
		{unix, "", look, nil, 200},
		{unix, "", resend, nil, 202},
		{unix, "", live, nil, 200},
		{unix, "", look, evil, 200},
		{unix, "", post, page, 403},
		{unix, "", look, page, 403},
		{unix, "", none, page, 403},
		{unix, "", count, nil, 200},
		{unix, "", count, page, 403},
		{unix, "", live, page, 200},
		{unix, "s3cret", post, nil, 202},
		{unix, "s3cret", look, nil, 200},
		{unix, "s3cret", look, bad, 200},
		{unix, "s3cret", look, with(good, page), 200},

		{tcp, "", post, nil, 202},
		{tcp, "", post, good, 202},
		{tcp, "", look, nil, 403},
		{tcp, "", look, good, 403},
		{tcp, "", resend, nil, 403},
		{tcp, "", live, nil, 200},
		{tcp, "", ready, nil, 200},
		{tcp, "", none, nil, 404},
		{tcp, "", count, nil, 200},
		{tcp, "", count, evil, 403},
		{tcp, "", count, page, 403},
		{tcp, "", post, evil, 403},
		{tcp, "", post, page, 403},
		{tcp, "", none, evil, 403},
		{tcp, "", live, with(evil, page), 200},
		{tcp, "", ready, with(evil, page), 200},

		{tcp, "s3cret", post, nil, 401},
		{tcp, "s3cret", post, bad, 401},
		{tcp, "s3cret", post, good, 202},
		{unix, "s3cret", count, nil, 200},
		{tcp, "s3cret", count, nil, 401},
		{tcp, "s3cret", count, bad, 401},
		{tcp, "s3cret", count, good, 200},
		{tcp, "s3cret", count, with(evil, page, good), 200},

		{tcp, "s3cret", look, nil, 401},
		{tcp, "s3cret", look, bad, 401},
		{tcp, "s3cret", look, good, 200},
		{tcp, "s3cret", look, []string{"Authorization", "bearer  s3cret"}, 200},
		{tcp, "s3cret", look, []string{"Authorization", "Basic s3cret"}, 401},
		{tcp, "s3cret", look, []string{"Authorization", "s3cret"}, 401},
		{tcp, "s3cret", look, []string{"Authorization", "Bearer"}, 401},
		{tcp, "s3cret", look, with(good, bad), 401},
		{tcp, "s3cret", resend, good, 202},
		{tcp, "s3cret", live, nil, 200},
		{tcp, "s3cret", ready, bad, 200},
		{tcp, "s3cret", post, evil, 403},
		{tcp, "s3cret", post, with(evil, bad), 403},
		{tcp, "s3cret", post, with(evil, good), 202},
		{tcp, "s3cret", post, with(page, good), 202},
		{tcp, "s3cret", look, with(evil, page, good), 200},
	} {
		name := strings.Join(append([]string{c.network, c.token, c.call}, c.headers...), " ")
		t.Run(name, func(t *testing.T) {
			r := call(t, c.network, apitest.Options{Token: c.token}, c.call, c.headers...)
			if r.Code != c.want {
				t.Errorf("%d %s, want %d", r.Code, r.Body, c.want)
			}
			if r.Code == 401 && r.Header().Get("WWW-Authenticate") != `Bearer realm="sidehook"` {
				t.Errorf("no challenge: %v", r.Header())
			}
			for name := range r.Header() {
				if strings.HasPrefix(name, "Access-Control") {
					t.Errorf("a CORS header: %s", name)
				}
			}
		})
	}
}

// call makes one call of a handler.
func call(t *testing.T, network string, opts apitest.Options, line string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var addr net.Addr = &net.UnixAddr{Name: "s.sock", Net: "unix"}
	if network == "tcp" {
		addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4665}
	}
	opts.Metrics = func(io.Writer) error { return nil }
	h, err := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, opts).Handler(addr)
	if err != nil {
		t.Fatal(err)
	}
	method, path, _ := strings.Cut(line, " ")
	body := ""
	if path == "/v1/events" {
		body = `{"type":"a.b"}`
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost:4665"
	r.Header.Set("Content-Type", apitest.JSON)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]int{
		"localhost": 202, "LOCALHOST:1": 202, "127.0.0.1": 202, "127.0.0.1:4665": 202, "127.9.8.7:80": 202,
		"[::1]": 202, "[::1]:4665": 202, "[::ffff:127.0.0.1]:1": 202, "relay.internal": 202, "Relay.Internal:99": 202,
		"": 403, "::1": 403, "[127.0.0.1]": 403, "localhost.evil.example": 403, "evil.localhost.example": 403, "127.0.0.1.evil.example": 403,
		"127.0.0.1@evil.example": 403, "10.0.0.1": 403, "0.0.0.0:4665": 403, "[::]:4665": 403, "2130706433": 403, "0x7f.1": 403, ":4665": 403,
	} {
		r := call(t, "tcp", apitest.Options{HTTP: "relay.internal:4665"}, "POST /v1/events", "Host", host)
		if r.Code != want {
			t.Errorf("Host %q: %d, want %d", host, r.Code, want)
		}
	}
}

// A socket may be forwarded to a port, where DNS rebinding gives a web page an
// origin of its own: every call of a browser needs a Host of ours there, too.
func TestBrowsersOnTheSocket(t *testing.T) {
	marks := map[string][]string{
		"no mark":        nil,
		"origin":         {"Origin", "http://evil.example"},
		"our origin":     {"Origin", "http://localhost:4665"},
		"no origin":      {"Origin", "null"},
		"same origin":    {"Sec-Fetch-Site", "same-origin"},
		"typed":          {"Sec-Fetch-Site", "none"},
		"cross site":     {"Sec-Fetch-Site", "cross-site"},
		"cookie":         {"Cookie", "a=b"},
		"an empty one":   {"Cookie", ""},
		"user agent":     {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
		"referer":        {"Referer", "http://evil.example/page"},
		"another client": {"User-Agent", "curl/8.0"},
	}
	hosts := map[string]string{"evil.example": "foreign", "evil.example:4665": "foreign", "10.0.0.1": "foreign", "": "foreign",
		"localhost": "ours", "127.0.0.1:8080": "ours", "[::1]:8080": "ours", "relay.internal": "ours"}
	calls := []string{"GET /v1/webhooks", "GET /v1/events/e", "GET /v1/deliveries", "GET /v1/config", "GET /metrics", "HEAD /metrics", "POST /v1/events",
		"POST /v1/events/e/resend", "POST /v1/webhooks/one/retry", "POST /v1/webhooks/one/enable", "POST /v1/webhooks/one/test", "POST /v1/cancel", "POST /v1/resend",
		"GET /nothing", "OPTIONS /v1/events", "DELETE /v1/webhooks/one", "PUT /v1/webhooks/one"}
	for name, mark := range marks {
		for host, whose := range hosts {
			browser := mark != nil && name != "another client"
			foreign := mark != nil && mark[0] == "Origin" && (name == "no origin" || mark[1] != "http://"+host) || name == "cross site"
			refused := browser && whose == "foreign" || foreign
			for _, line := range calls {
				r := call(t, "unix", apitest.Options{HTTP: "relay.internal:4665"}, line, append([]string{"Host", host}, mark...)...)
				if (r.Code == http.StatusForbidden) != refused {
					t.Errorf("%s of %q with %s: %d, want it refused: %v", line, host, name, r.Code, refused)
				}
			}
			for _, live := range []string{"GET /healthz", "GET /readyz"} {
				if r := call(t, "unix", apitest.Options{}, live, append([]string{"Host", host}, mark...)...); r.Code != 200 {
					t.Errorf("%s of %q with %s: %d", live, host, name, r.Code)
				}
			}
			token := append([]string{"Host", host, "Authorization", "Bearer s3cret"}, mark...)
			if r := call(t, "unix", apitest.Options{Token: "s3cret"}, "GET /v1/webhooks", token...); r.Code != 200 {
				t.Errorf("with the token, of %q with %s: %d", host, name, r.Code)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Origin", "http://localhost:4665", 202},
		{"Origin", "http://LOCALHOST:4665", 202},
		{"Origin", "http://localhost:3000", 403},
		{"Origin", "http://localhost", 403},
		{"Origin", "https://evil.example", 403},
		{"Origin", "null", 403},
		{"Origin", "", 403},
		{"Origin", "http://%zz", 403},
		{"Sec-Fetch-Site", "none", 202},
		{"Sec-Fetch-Site", "same-origin", 202},
		{"Sec-Fetch-Site", "same-site", 403},
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Sec-Fetch-Site", "", 403},
	} {
		if r := call(t, "tcp", apitest.Options{}, "POST /v1/events", c.name, c.value); r.Code != c.want {
			t.Errorf("%s %q: %d, want %d", c.name, c.value, r.Code, c.want)
		}
	}
	both := call(t, "tcp", apitest.Options{}, "POST /v1/events", "Sec-Fetch-Site", "none", "Origin", "https://evil.example")
	if both.Code != http.StatusForbidden {
		t.Errorf("an Origin beside Sec-Fetch-Site: %d", both.Code)
	}
}

// TestRefusalsHelp holds what a refusal says against what would do.
func TestRefusalsHelp(t *testing.T) {
	const (
		configure = "configure a token (listen.token) and send it as Authorization: Bearer"
		send      = "send the token (listen.token) as Authorization: Bearer"
		socket    = "use the Unix socket (/run/s.sock), or "
	)
	open := apitest.Options{Socket: "/run/s.sock"}
	closed := apitest.Options{Socket: "/run/s.sock", Token: "s3cret"}
	for _, c := range []struct {
		opts    apitest.Options
		headers []string
		status  int
		detail  string
	}{
		{open, nil, 403, "this call requires a token over TCP, and none is configured; " + socket + configure},
		{apitest.Options{}, nil, 403, "this call requires a token over TCP, and none is configured; use the Unix socket (listen.socket), or " + configure},
		{closed, nil, 401, "the token is missing; " + socket + send},
		{closed, []string{"Authorization", "Bearer x"}, 401, "the token is wrong; " + socket + send},
		{closed, []string{"Authorization", "s3cret"}, 401, "unsupported Authorization scheme; use Bearer; " + socket + send},
		{open, []string{"Origin", "null"}, 403, "a web page of another origin may not call sidehook; " + socket + configure},
		{closed, []string{"Host", "evil.example"}, 403, "the Host of the request is neither a loopback name such as localhost nor the configured address; " + socket + send},
	} {
		r := call(t, "tcp", c.opts, "GET /v1/webhooks", c.headers...)
		if got, want := r.Body.String(), apitest.Problem(c.status, -1, c.detail); r.Code != c.status || got != want {
			t.Errorf("got %d %s\nwant %s", r.Code, got, want)
		}
		if strings.Contains(r.Body.String(), "s3cret") {
			t.Errorf("the token is told: %s", r.Body)
		}
	}
}

// TestSocketHintsNotAtItself: who is refused on the socket knows of it.
func TestSocketHintsNotAtItself(t *testing.T) {
	r := call(t, "unix", apitest.Options{Socket: "/run/s.sock"}, "GET /v1/webhooks", "Origin", "null")
	if text := r.Body.String(); r.Code != 403 || strings.Contains(text, "Unix socket") || !strings.Contains(text, "configure a token") {
		t.Errorf("got %d %s", r.Code, text)
	}
}

// TestCannotListen says once where it cannot listen, why, and what to do.
func TestCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		options apitest.Options
		want    string
	}{
		{apitest.Options{HTTP: taken.Addr().String()}, fmt.Sprintf("listen on address %q: bind: address already in use; stop the process that listens there, or change listen.http", taken.Addr())},
		{apitest.Options{HTTP: "192.0.2.1:0", Token: "x"}, `listen on address "192.0.2.1:0": bind: cannot assign requested address; give this machine that address, or change listen.http`},
	} {
		err := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, test.options).Run(t.Context())
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// TestOpenPortNeedsToken is about a port that other machines reach.
func TestOpenPortNeedsToken(t *testing.T) {
	anywhere := &net.TCPAddr{IP: net.IPv4zero, Port: 4665}
	_, err := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{}).Handler(anywhere)
	want := `listen on address "0.0.0.0:4665": other machines can reach it, so listen.token is required`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{Token: "x"}).Handler(anywhere); err != nil {
		t.Error(err)
	}
}
