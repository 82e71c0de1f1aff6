package httpd_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"sidehook/relay/api"
	"sidehook/relay/apitest"
	"sidehook/relay/httpd"
)

// With the read token, every call that changes nothing is answered as with the token,
// and every other call is refused, whatever it is.
func TestReadTokenOnEveryCall(t *testing.T) {
	opts := apitest.Options{Token: "s3cret", ReadToken: "r3ad"}
	answer := func(c httpd.Call, token string) *httptest.ResponseRecorder {
		path := c.Path
		if strings.Contains(path, "{") {
			path = api.Path(path, "one")
		}
		return call(t, "tcp", opts, c.Method+" "+path, "Authorization", "Bearer "+token)
	}
	changing := 0
	metrics := apitest.Options{Metrics: func(io.Writer) error { return nil }}
	for _, c := range apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, metrics).Calls() {
		r := answer(c, "r3ad")
		switch {
		case c.Method == "GET":
			if want := answer(c, "s3cret").Code; r.Code != want {
				t.Errorf("%s %s: %d with the read token, %d with the token", c.Method, c.Path, r.Code, want)
			}
		default:
			changing++
			if want := "the read token (listen.read_token) is only for calls that change nothing; "; r.Code != 403 || !strings.Contains(r.Body.String(), want) {
				t.Errorf("%s %s: %d %s, want 403 and %q", c.Method, c.Path, r.Code, r.Body, want)
			}
		}
	}
	if changing < 8 {
		t.Errorf("only %d calls change something", changing)
	}
}

// TestReadToken goes through who may call what where there is a read token.
func TestReadToken(t *testing.T) {
	const (
		post, look, count, live, none = "POST /v1/events", "GET /v1/webhooks", "GET /metrics", "GET /healthz", "GET /nothing"

		missing = "the token is missing; use the Unix socket (listen.socket), or send the token (listen.token or listen.read_token) as Authorization: Bearer"
		onlyGet = "the read token (listen.read_token) is only for calls that change nothing; use the Unix socket (listen.socket), or "
	)
	page := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Host", "evil.example"}
	for _, c := range []struct {
		network, token, call, sent string
		headers                    []string
		code                       int
		detail                     string
	}{
		{"tcp", "s3cret", look, "", nil, 401, missing},
		{"tcp", "s3cret", look, "r3ad2", nil, 401, "the token is wrong; "},
		{"tcp", "s3cret", post, "", nil, 401, "send the token (listen.token) as"},
		{"tcp", "s3cret", post, "s3cret", nil, 202, ""},
		{"tcp", "s3cret", post, "r3ad", nil, 403, onlyGet + "send the token (listen.token) as Authorization: Bearer"},
		{"tcp", "s3cret", look, "r3ad", page, 200, ""},
		{"tcp", "s3cret", count, "r3ad", page, 200, ""},
		{"tcp", "s3cret", post, "r3ad", page, 403, "another origin"},
		{"tcp", "s3cret", none, "r3ad", page, 404, ""},
		{"tcp", "s3cret", live, "r3ad", nil, 200, ""},

		// Without a token, what is open stays so.
		{"tcp", "", look, "r3ad", nil, 200, ""},
		{"tcp", "", look, "", nil, 401, "listen.read_token"},
		{"tcp", "", count, "", nil, 200, ""},
		{"tcp", "", post, "", nil, 202, ""},
		{"tcp", "", post, "r3ad", nil, 403, onlyGet + "configure a token (listen.token)"},
		{"tcp", "", "POST /v1/cancel", "", nil, 403, "none is configured"},

		// A caller that can open the socket may call everything, unless it is a web page.
		{"unix", "s3cret", post, "r3ad", nil, 202, ""},
		{"unix", "s3cret", look, "r3ad", page, 200, ""},
		{"unix", "s3cret", post, "r3ad", page, 403, "another origin"},
	} {
		t.Run(fmt.Sprint(c.network, c.token, c.call, c.sent, c.headers), func(t *testing.T) {
			headers := c.headers
			if c.sent != "" {
				headers = append([]string{"Authorization", "Bearer " + c.sent}, headers...)
			}
			r := call(t, c.network, apitest.Options{Token: c.token, ReadToken: "r3ad"}, c.call, headers...)
			if r.Code != c.code || !strings.Contains(r.Body.String(), c.detail) {
				t.Errorf("%d %s, want %d and %q", r.Code, r.Body, c.code, c.detail)
			}
			if challenged := r.Header().Get("WWW-Authenticate") != ""; challenged != (r.Code == 401) {
				t.Errorf("%d with a challenge: %v", r.Code, challenged)
			}
		})
	}
}
