package httpd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sidehook/relay/apitest"
	"sidehook/relay/httpd"
)

// page is a site that says who visits it. It has every path but /none.
type page struct{}

func (page) Serve(_ context.Context, w http.ResponseWriter, r *http.Request, v httpd.Visitor) {
	if r.URL.Path == "/none" {
		v.Missing().Write(w)
		return
	}
	trust := map[httpd.Trust]string{httpd.Stranger: "stranger", httpd.Reader: "reader", httpd.Owner: "owner"}[v.Trust]
	fmt.Fprintf(w, "%s %t %s", trust, v.Foreign, v.Port)
}

// TestSite goes through what reaches the site, and whom it sees there.
func TestSite(t *testing.T) {
	const unix, tcp = "unix", "tcp"
	evil := []string{"Host", "evil.example"}
	other := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	for _, c := range []struct {
		network, call string
		headers       []string
		status        int
		want          string // of the site; "" if the request does not reach it
	}{
		{tcp, "GET /", nil, 200, "stranger false 4665"},
		{tcp, "GET /webhooks/a?page=2", nil, 200, "stranger false 4665"},
		{tcp, "POST /do/resend", nil, 200, "stranger false 4665"},
		{tcp, "GET /healthz/", nil, 200, "stranger false 4665"},
		{tcp, "GET /v10", nil, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Authorization", "Bearer s3cret"}, 200, "owner false 4665"},
		{tcp, "GET /", []string{"Authorization", "Bearer r3ad"}, 200, "reader false 4665"},
		{tcp, "POST /do/resend", []string{"Authorization", "Bearer r3ad"}, 200, "reader false 4665"},
		{tcp, "GET /", []string{"Authorization", "Bearer x"}, 200, "stranger false 4665"},
		{tcp, "GET /", other, 200, "stranger true 4665"},
		{tcp, "GET /", []string{"Sec-Fetch-Site", "same-site"}, 200, "stranger true 4665"},
		{tcp, "GET /", []string{"Sec-Fetch-Site", "none"}, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Sec-Fetch-Site", "same-origin"}, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Origin", "http://localhost:4665"}, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Origin", "http://localhost:3000"}, 200, "stranger true 4665"},
		{tcp, "GET /", []string{"Host", "sidehook.localhost:4665"}, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Host", "Sidehook.Localhost"}, 200, "stranger false 4665"},
		{tcp, "GET /", []string{"Host", "127.0.0.1:4665"}, 200, "stranger false 4665"},
		{tcp, "GET /", evil, 403, ""},
		{tcp, "GET /", []string{"Host", "evil.localhost:4665"}, 403, ""},
		{tcp, "GET /", []string{"Host", "sidehook.localhost.evil.example"}, 403, ""},
		{tcp, "GET /", []string{"Host", ""}, 403, ""},
		{unix, "GET /", nil, 200, "owner false 4665"},
		{unix, "GET /", []string{"Host", "localhost"}, 200, "owner false "},
		{unix, "GET /", []string{"Host", "127.0.0.1:8080"}, 200, "owner false 8080"},
		{unix, "GET /", []string{"Authorization", "Bearer r3ad"}, 200, "owner false 4665"},
		{unix, "GET /", other, 200, "owner true 4665"},
		{unix, "GET /", evil, 200, "owner false "},
		{unix, "GET /", append([]string{"Cookie", "a=b"}, evil...), 403, ""},

		{tcp, "GET /v1/nothing", nil, 404, ""},
		{tcp, "GET /v1/", nil, 404, ""},
		{tcp, "GET /v1", nil, 404, ""},
		{tcp, "GET /%761/nothing", nil, 404, ""},
		{tcp, "GET /v1/nothing", other, 403, ""},
		{tcp, "DELETE /healthz", nil, 405, ""},
		{unix, "GET /v1/nothing", nil, 404, ""},
		{unix, "PUT /v1/events", nil, 405, ""},
	} {
		t.Run(strings.Join(append([]string{c.network, c.call}, c.headers...), " "), func(t *testing.T) {
			r := call(t, c.network, apitest.Options{Site: page{}, Token: "s3cret", ReadToken: "r3ad"}, c.call, c.headers...)
			if r.Code != c.status || c.status == 200 && r.Body.String() != c.want {
				t.Errorf("got %d %s, want %d %s", r.Code, r.Body, c.status, c.want)
			}
			if c.status != 200 && r.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("not a problem: %v", r.Header())
			}
		})
	}
}

// TestSiteName: the name of the site is ours for the API, too, and no other below it.
func TestSiteName(t *testing.T) {
	for host, want := range map[string]int{httpd.SiteHost: 202, "sidehook.localhost:4665": 202, "a.localhost": 403, "a.sidehook.localhost": 403} {
		if r := call(t, "tcp", apitest.Options{}, "POST /v1/events", "Host", host); r.Code != want {
			t.Errorf("%s: %d, want %d", host, r.Code, want)
		}
	}
}

// TestSiteKnowsNot: what the site does not have is answered as without it.
func TestSiteKnowsNot(t *testing.T) {
	with := call(t, "tcp", apitest.Options{Site: page{}}, "HEAD /none")
	without := call(t, "tcp", apitest.Options{}, "HEAD /none")
	if with.Code != 404 || with.Body.String() != without.Body.String() || with.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want %s", with.Code, with.Body, without.Body)
	}
}

// TestSiteIsNotOpen: a port that other machines reach has no site, even for those who
// know the token, and says where it is.
func TestSiteIsNotOpen(t *testing.T) {
	for addr, want := range map[string]int{"0.0.0.0": 404, "192.0.2.1": 404, "::": 404, "127.0.0.1": 200, "127.0.0.2": 200, "::1": 200} {
		s := apitest.New(&apitest.Journal{}, &apitest.Operator{}, apitest.Settings, apitest.Options{Token: "s3cret", Site: page{}})
		h, err := s.Handler(&net.TCPAddr{IP: net.ParseIP(addr), Port: 4665})
		if err != nil {
			t.Fatal(err)
		}
		for path, hint := range map[string]bool{"/": true, "/webhooks/a": true, "/v1/nothing": false} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = "localhost:4665"
			r.Header.Set("Authorization", "Bearer s3cret")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			status := want
			if !hint {
				status = 404
			}
			var p struct{ Detail string }
			if w.Code != 200 {
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
					t.Fatal(err)
				}
			}
			if says := strings.Contains(p.Detail, "the console is only on a loopback address and on the socket"); w.Code != status || says != (hint && status == 404) {
				t.Errorf("%s of %s: got %d %s", path, addr, w.Code, w.Body)
			}
		}
	}
}
