package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/historytest"
	"sidehook/history/stats"
	"sidehook/relay/api"
	"sidehook/relay/apitest"
	"sidehook/relay/console"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// operator is the relay behind the console of the tests.
type operator struct {
	*apitest.Operator
	events
}

func (operator) Ready() error { return nil }

func (operator) Rejected() api.Config { return api.Config{Generation: 1} }

func (operator) EventTypes() []catalogue.Type { return nil }

func (operator) Recent(context.Context, time.Time, time.Time, func(*stats.Minute) bool) error {
	return nil
}

// Webhooks has a webhook whose receiver answered with HTML.
func (o operator) Webhooks(context.Context, api.WebhooksQuery) (api.Webhooks, error) {
	return api.Webhooks{Webhooks: []api.Webhook{{Name: "private-name", State: "failing", Why: hostile, LastError: hostile, LastErrorAt: apitest.At}}}, nil
}

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`

// tokens are the tokens of the tests: owner and reader.
type tokens struct{}

func (tokens) HasToken() bool { return true }

func (tokens) TrustOf(token string) httpd.Trust {
	return map[string]httpd.Trust{"owner": httpd.Owner, "reader": httpd.Reader}[token]
}

// visit is a console that a test visits.
type visit struct {
	*console.Handler
	sessions *session.Keeper
	changed  int // how often something was changed
}

func newVisit(t testing.TB) *visit {
	t.Helper()
	v := &visit{sessions: session.New()}
	h := console.New(operator{Operator: &apitest.Operator{Files: historytest.NewDisk()}}, console.Options{Sessions: v.sessions, Level: session.Edit, Tokens: tokens{}})
	h.Change("test", func([]byte) error { v.changed++; return nil })
	v.Handler = h
	return v
}

const (
	host   = "sidehook.localhost:4665"
	cookie = "sidehook-4665"
)

// do makes a request: "GET /", with headers as names and values in turn.
// given as "-" is left out.
func (v *visit) do(visitor httpd.Visitor, line, body string, headers ...string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	if visitor.Port == "" {
		visitor.Port = "4665"
	}
	visitor.Missing = func() *httpd.Problem { return httpd.Refuse(http.StatusNotFound, "missing") }
	w := httptest.NewRecorder()
	v.Serve(context.Background(), w, r, visitor)
	return w
}

// get is do for somebody without a token.
func (v *visit) get(path string, headers ...string) *httptest.ResponseRecorder {
	return v.do(httpd.Visitor{}, "GET "+path, "", headers...)
}

// link makes a link into the console.
func (v *visit) link(level session.Level) string {
	code, _ := v.sessions.Link(level)
	return "/in?code=" + code
}

// signedIn returns the headers of a new session: its cookie, and its key.
func (v *visit) signedIn(level session.Level) (withCookie, withKey []string) {
	e := v.sessions.Begin(level)
	return []string{"Cookie", cookie + "=" + e.Cookie}, []string{"Sidehook-Key", e.Key}
}

func join(lists ...[]string) []string { return slices.Concat(lists...) }

var browser = []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}
