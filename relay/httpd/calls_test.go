package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/apitest"
)

// A path that no call has is answered with the nearest call, and a method that a
// path does not have with the calls of that path alone.
func TestUnknownCalls(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for _, c := range []struct{ method, path, nearest string }{
		{"GET", "/", "GET /readyz"},
		{"GET", "/v1/event", "GET /v1/events"},
		{"POST", "/v1/event", "POST /v1/events"},
		{"POST", "/v1/events/", "POST /v1/events"},
		{"POST", "/events", "POST /v1/events"},
		{"POST", "//v1/events", "POST /v1/events"},
		{"GET", "/v1/events/a/b", "GET /v1/events/{id}"},
		{"POST", "/v1/events/a/resend/", "POST /v1/events/{id}/resend"},
		{"POST", "/v1/events/" + strings.Repeat("a", 100) + "/resnd", "POST /v1/events/{id}/resend"},
		{"GET", "/v1/webhooks/", "GET /v1/webhooks"},
		{"GET", "/V1/Webhooks", "GET /v1/webhooks"},
		{"GET", "/v1/webhook/a", "GET /v1/webhooks/{name}"},
		{"POST", "/v1/webhooks/a/retri", "POST /v1/webhooks/{name}/retry"},
		{"POST", "/v1/webhooks/a/enabel", "POST /v1/webhooks/{name}/enable"},
		{"HEAD", "/v1/configs", ""},
		{"GET", "/v1/configs", "GET /v1/config"},
		{"GET", "/health", "GET /healthz"},
		{"GET", "/ready", "GET /readyz"},
		{"GET", "/v1/" + strings.Repeat("x", 9000), "GET /v1/events"},
	} {
		r := apitest.Do(t, l.ViaUnix, c.method, "http://localhost"+c.path, "")
		if r.StatusCode != 404 || c.nearest != "" && r.Text != apitest.Problem(404, -1, "there is no such call; the nearest is "+c.nearest) {
			t.Errorf("%s %.60s: got %d %s, want the nearest to be %s", c.method, c.path, r.StatusCode, r.Text, c.nearest)
		}
	}
	for _, c := range []struct{ method, path, allow, calls string }{
		{"PUT", "/v1/events", "POST, GET, HEAD", "POST /v1/events or GET /v1/events"},
		{"OPTIONS", "/v1/events", "POST, GET, HEAD", "POST /v1/events or GET /v1/events"},
		{"PUT", "/v1/events/a", "GET, HEAD", "GET /v1/events/{id}"},
		{"GET", "/v1/events/a/resend", "POST", "POST /v1/events/{id}/resend"},
		{"DELETE", "/v1/webhooks/a", "GET, HEAD", "GET /v1/webhooks/{name}"},
		{"PATCH", "/v1/webhooks", "GET, HEAD", "GET /v1/webhooks"},
		{"POST", "/readyz", "GET, HEAD", "GET /readyz"},
	} {
		r := apitest.Do(t, l.ViaUnix, c.method, "http://localhost"+c.path, "")
		r.Check(t, 405, apitest.Problem(405, -1, "method not allowed; use "+c.calls))
		if got := r.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
		for name := range r.Header {
			if http.CanonicalHeaderKey(name) == "Access-Control-Allow-Origin" {
				t.Errorf("%s %s: a CORS header", c.method, c.path)
			}
		}
	}
}

func TestQuery(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for path, detail := range map[string]string{
		"/v1/webhooks?type=a":            `unknown query parameter "type"; this call has state, q, limit, cursor`,
		"/readyz?verbose":                `unknown query parameter "verbose"; this call has none`,
		"/v1/events/a?since=1h":          `unknown query parameter "since"; this call has source`,
		"/v1/events/a?source=x&source=y": `query parameter "source" is given twice`,
		"/v1/events/a?source=":           `query parameter "source" is empty`,
		"/v1/events/seq:1?source=x":      `query parameter "source" cannot be used with seq:N, which names exactly one event`,
		"/v1/events/a?source=%zz":        "the query is not properly percent-encoded",
	} {
		apitest.Do(t, l.ViaUnix, "GET", "http://localhost"+path, "").Check(t, 400, apitest.Problem(400, -1, detail))
	}
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/events?wait=1", `{"type":"a.b"}`, "Content-Type", apitest.JSON).
		Check(t, 400, apitest.Problem(400, -1, `unknown query parameter "wait"; this call has none`))
}
