package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/historytest"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/apitest"
	"sidehook/relay/console"
	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// operator is the relay behind the console of the tests.
type operator struct {
	*apitest.Operator
	events
}

func (operator) Ready() error { return nil }

func (operator) Recent(context.Context, time.Time, time.Time, func(*query.Minute) bool) error {
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
	h, err := console.New(operator{Operator: &apitest.Operator{Files: historytest.NewDisk()}}, console.Options{Sessions: v.sessions, Level: session.Edit, Tokens: tokens{}})
	if err != nil {
		t.Fatal(err)
	}
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

// TestHeaders: whatever is asked, however it is answered.
func TestHeaders(t *testing.T) {
	v := newVisit(t)
	in, key := v.signedIn(session.Edit)
	foreign := httpd.Visitor{Foreign: true}
	answers := map[string]*httptest.ResponseRecorder{
		"page":            v.get("/", in...),
		"sign in":         v.get("/"),
		"link":            v.get(v.link(session.View)),
		"used link":       v.get("/in?code=x"),
		"token":           v.do(httpd.Visitor{}, "POST /in", `{"token":"owner"}`, "Content-Type", "application/json"),
		"wrong token":     v.do(httpd.Visitor{}, "POST /in", `{"token":"x"}`, "Content-Type", "application/json"),
		"elsewhere":       v.do(foreign, "GET /", "", "Sec-Fetch-Site", "cross-site"),
		"refused":         v.do(foreign, "POST /", ""),
		"no such page":    v.get("/nothing", join(in, browser)...),
		"no such path":    v.get("/nothing"),
		"method":          v.do(httpd.Visitor{}, "PUT /", "", in...),
		"news":            v.get("/live?page=/&after=0", in...),
		"change":          v.do(httpd.Visitor{}, "POST /do/test", "{}", join(in, key, []string{"Content-Type", "application/json", "Origin", "http://" + host})...),
		"refused change":  v.do(httpd.Visitor{}, "POST /do/test", "{}", in...),
		"asset":           v.get(v.Asset("console.js")),
		"style sheet":     v.get(v.Asset("console.css")),
		"unknown version": v.get("/assets/console.0.js"),
	}
	for _, path := range v.Pages() {
		answers["page "+path] = v.get(path, in...)
	}
	for name, w := range answers {
		cache := "no-store"
		if name == "asset" || name == "style sheet" {
			cache = "public, max-age=31536000, immutable"
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
				"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types sidehook",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                cache,
		} {
			if got := w.Header()[header]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s (%d): %s: %q, want %q", name, w.Code, header, got, want)
			}
		}
		for header := range w.Header() {
			if strings.HasPrefix(header, "Access-Control") {
				t.Errorf("%s: a CORS header, %s", name, header)
			}
		}
	}
}

// TestNothingWithoutSession: no page and no news says anything to somebody who has not
// signed in, nor does a change.
func TestNothingWithoutSession(t *testing.T) {
	v := newVisit(t)
	if len(v.Pages()) == 0 {
		t.Fatal("there are no pages")
	}
	for _, path := range append(v.Pages(), "/?q=a&cursor=b", "/live?page=/&after=0", "/nothing") {
		for name, w := range map[string]*httptest.ResponseRecorder{
			"GET":          v.get(path, browser...),
			"wrong cookie": v.get(path, join(browser, []string{"Cookie", cookie + "=x"})...),
			"other port":   v.get(path, join(browser, otherPort(v))...),
		} {
			if w.Code != 401 || strings.Contains(w.Body.String(), "private-name") || strings.Contains(w.Body.String(), "Generation") || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s %s: %d %s", name, path, w.Code, w.Body)
			}
			if !strings.Contains(w.Body.String(), "sidehook console") {
				t.Errorf("%s %s does not say what to do: %s", name, path, w.Body)
			}
		}
	}
	if w := v.do(httpd.Visitor{}, "POST /do/test", "{}", "Content-Type", "application/json", "Origin", "http://"+host); w.Code != 401 || v.changed > 0 {
		t.Errorf("a change: %d %s", w.Code, w.Body)
	}
	if w := v.get("/"); !strings.Contains(w.Body.String(), `<form id="signin"`) || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("no form for a token: %v %s", w.Header(), w.Body)
	}
}

// otherPort returns a cookie of a session, under the name that it has on another port.
func otherPort(v *visit) []string {
	return []string{"Cookie", "sidehook-4666=" + v.sessions.Begin(session.Edit).Cookie}
}

// TestWhoMayLook: with a session, the token, the read token or the socket.
func TestWhoMayLook(t *testing.T) {
	v := newVisit(t)
	view, _ := v.signedIn(session.View)
	edit, _ := v.signedIn(session.Edit)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"session to look":           v.get("/", view...),
		"session to change":         v.get("/", edit...),
		"owner":                     v.do(httpd.Visitor{Trust: httpd.Owner}, "GET /", ""),
		"reader":                    v.do(httpd.Visitor{Trust: httpd.Reader}, "GET /", ""),
		"cookies of others, too":    v.get("/", join([]string{"Cookie", cookie + "=planted"}, edit)...),
		"news, with the read token": v.do(httpd.Visitor{Trust: httpd.Reader}, "GET /live?page=/&after=0", ""),
	} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), "private-name") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if mayEdit := strings.Contains(w.Body.String(), "View only"); mayEdit == strings.Contains(name, "change") && !strings.Contains(name, "cookies") {
			t.Errorf("%s: view only %t", name, mayEdit)
		}
	}
}

// TestElsewhere: who follows a link on another site, or on another port, gets a page
// without data that goes to the same path. Nothing else is answered.
func TestElsewhere(t *testing.T) {
	v := newVisit(t)
	in, key := v.signedIn(session.Edit)
	link := v.link(session.Edit)
	foreign := httpd.Visitor{Foreign: true, Trust: httpd.Owner}
	refresh := regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=([^"]*)">`)
	navigate := func(site string) []string {
		return []string{"Sec-Fetch-Site", site, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	}
	for _, c := range []struct {
		line    string
		headers []string
		want    string // where it goes; "" if it is refused
	}{
		{"GET /", navigate("cross-site"), "/"},
		{"GET /", navigate("same-site"), "/"},
		{"HEAD /", navigate("cross-site"), "-"},
		{"GET /", []string{"Sec-Fetch-Site", "cross-site"}, "/"},
		{"GET /webhooks/a%2Fb?status=failed&q=%22%3E", navigate("cross-site"), "/webhooks/a%2Fb?status=failed&amp;q=%22%3E"},
		{"GET " + link, navigate("cross-site"), strings.ReplaceAll(link, "+", "&#43;")},
		{"GET //evil.example/a", navigate("cross-site"), "/evil.example/a"},
		{"GET ///evil.example", navigate("cross-site"), "/evil.example"},
		{"GET /%5C/evil.example", navigate("cross-site"), "/%5C/evil.example"},
		{"GET /", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, ""},
		{"GET /", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, ""},
		{"GET /", []string{"Origin", "http://localhost:3000"}, ""},
		{"GET " + v.Asset("console.js"), []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, ""},
		{"GET /live?page=/&after=0", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, ""},
		{"POST /", navigate("cross-site"), ""},
		{"POST /in", navigate("cross-site"), ""},
		{"POST /do/test", navigate("cross-site"), ""},
		{"POST /do/test", []string{"Origin", "http://" + host, "Sec-Fetch-Site", "same-site"}, ""},
	} {
		w := v.do(foreign, c.line, `{"token":"owner"}`, join(in, key, []string{"Content-Type", "application/json"}, c.headers)...)
		body := w.Body.String()
		if strings.Contains(body, "private-name") || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Location") != "" || v.changed > 0 {
			t.Errorf("%s %v: %v %s", c.line, c.headers, w.Header(), body)
		}
		to := refresh.FindStringSubmatch(body)
		switch {
		case c.want == "":
			if w.Code != 403 || to != nil {
				t.Errorf("%s %v is not refused: %d %s", c.line, c.headers, w.Code, body)
			}
		case c.want != "-" && (w.Code != 200 || to == nil || to[1] != c.want):
			t.Errorf("%s %v: %d goes to %v, want %s: %s", c.line, c.headers, w.Code, to, c.want, body)
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s has a script: %s", c.line, body)
		}
	}
	if w := v.get(link); w.Code != 200 {
		t.Errorf("the link is used up: %d", w.Code)
	}
}

// TestStolenCookieChangesNothing: all ports of a name get its cookies. With the cookie
// alone one may look.
func TestStolenCookieChangesNothing(t *testing.T) {
	v := newVisit(t)
	in, key := v.signedIn(session.Edit)
	_, other := v.signedIn(session.Edit)
	sent := []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}
	for name, keys := range map[string][]string{
		"none": nil, "empty": {"Sidehook-Key", ""}, "another session's": other, "two": join(key, other),
		"the cookie": {"Sidehook-Key", strings.TrimPrefix(in[1], cookie+"=")},
	} {
		if w := v.do(httpd.Visitor{Trust: httpd.Owner}, "POST /do/test", "{}", join(in, sent, keys)...); w.Code != 403 || v.changed > 0 {
			t.Errorf("key %s: %d %s", name, w.Code, w.Body)
		}
	}
	// Nor does any page tell the key.
	for _, path := range append(v.Pages(), "/in", "/live?page=/&after=0") {
		if w := v.get(path, join(in, browser)...); strings.Contains(w.Body.String(), key[1]) || strings.Contains(w.Body.String(), "data-key") {
			t.Errorf("%s tells the key: %s", path, w.Body)
		}
	}
	if w := v.do(httpd.Visitor{}, "POST /do/test", "{}", join(in, sent, key)...); w.Code != 200 || v.changed != 1 {
		t.Errorf("with the key: %d %s", w.Code, w.Body)
	}
}

// TestChanges goes through what a change needs, for those who have the token, too.
func TestChanges(t *testing.T) {
	v := newVisit(t)
	edit, editKey := v.signedIn(session.Edit)
	view, viewKey := v.signedIn(session.View)
	json := []string{"Content-Type", "application/json"}
	origin := []string{"Origin", "http://" + host}
	site := []string{"Sec-Fetch-Site", "same-origin"}
	for _, c := range []struct {
		name, line string
		headers    []string
		want       int
		says       string
	}{
		{"all", "POST /do/test", join(edit, editKey, json, origin, site), 200, "done"},
		{"Origin alone", "POST /do/test", join(edit, editKey, json, origin), 200, "done"},
		{"Sec-Fetch-Site alone", "POST /do/test", join(edit, editKey, json, site), 200, "done"},
		{"a charset", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "application/json; charset=utf-8"}), 200, "done"},
		{"no mark of a browser", "POST /do/test", join(edit, editKey, json), 403, "must come from a page of the console"},
		{"an address that was typed", "POST /do/test", join(edit, editKey, json, []string{"Sec-Fetch-Site", "none"}), 403, "must come from a page of the console"},
		{"another port", "POST /do/test", join(edit, editKey, json, site, []string{"Origin", "http://sidehook.localhost:3000"}), 403, "must come from a page of the console"},
		{"another name", "POST /do/test", join(edit, editKey, json, []string{"Origin", "http://localhost:4665"}), 403, "must come from a page of the console"},
		{"no origin", "POST /do/test", join(edit, editKey, json, []string{"Origin", "null"}), 403, "must come from a page of the console"},
		{"another site", "POST /do/test", join(edit, editKey, json, origin, []string{"Sec-Fetch-Site", "cross-site"}), 403, "must come from a page of the console"},
		{"a form", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "application/x-www-form-urlencoded"}), 415, "use application/json"},
		{"text", "POST /do/test", join(edit, editKey, origin, []string{"Content-Type", "text/plain"}), 415, "use application/json"},
		{"no type", "POST /do/test", join(edit, editKey, origin), 415, "use application/json"},
		{"no cookie", "POST /do/test", join(editKey, json, origin), 401, "run sidehook console --edit"},
		{"a session to look", "POST /do/test", join(view, viewKey, json, origin), 403, "this session may only look"},
		{"the key of another", "POST /do/test", join(view, editKey, json, origin), 403, "this session may only look"},
		{"GET", "GET /do/test", join(edit, editKey, json, origin), 405, "use POST"},
		{"HEAD", "HEAD /do/test", join(edit, editKey, json, origin), 405, ""},
		{"PUT", "PUT /do/test", join(edit, editKey, json, origin), 405, "use POST"},
		{"an unknown one", "POST /do/nothing", join(edit, editKey, json, origin), 404, "there is no such change"},
		{"a page", "POST /", join(edit, editKey, json, origin), 405, "use GET"},
		{"too much", "POST /do/test", join(edit, editKey, json, origin), 413, "larger than"},
	} {
		for _, trust := range []httpd.Trust{httpd.Stranger, httpd.Reader, httpd.Owner} {
			v.changed = 0
			body := "{}"
			if c.want == 413 {
				body = strings.Repeat(" ", 1<<20+1)
			}
			w := v.do(httpd.Visitor{Trust: trust}, c.line, body, c.headers...)
			if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) || (v.changed == 1) != (c.want == 200) {
				t.Errorf("%s, trust %d: got %d %s, changed %d times; want %d %s", c.name, trust, w.Code, w.Body, v.changed, c.want, c.says)
			}
		}
	}
}

// TestStreams: a session has four streams at most. The next is told to poll, and gets one
// once another has ended.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		in, _ := v.signedIn(session.View)
		other, _ := v.signedIn(session.View)
		var ends []context.CancelFunc
		open := func(headers []string) int {
			ctx, end := context.WithCancel(t.Context())
			ends = append(ends, end)
			code := make(chan int, 1)
			go func() {
				rec := &streamed{ResponseRecorder: httptest.NewRecorder(), began: code}
				req := httptest.NewRequest("GET", "/live?page=/&after=0", nil).WithContext(ctx)
				req.Host = host
				req.Header.Set("Accept", "text/event-stream")
				req.Header.Set(headers[0], headers[1])
				v.Serve(ctx, rec, req, httpd.Visitor{Port: "4665"})
				rec.begin(rec.Code)
			}()
			return <-code
		}
		for i, want := range []int{200, 200, 200, 200, 204, 204} {
			if got := open(in); got != want {
				t.Errorf("stream %d: %d, want %d", i+1, got, want)
			}
		}
		if got := open(other); got != 200 {
			t.Errorf("of another session: %d", got)
		}
		if w := v.get("/live?page=/&after=0", in...); w.Code != 200 {
			t.Errorf("polling: %d", w.Code)
		}
		ends[1]()
		synctest.Wait()
		if got := open(in); got != 200 {
			t.Errorf("after one has ended: %d", got)
		}
		if got := open(in); got != 204 {
			t.Errorf("after one has ended, twice: %d", got)
		}
		for _, end := range ends {
			end()
		}
	})
}

// streamed is an answer whose status is told once it begins.
type streamed struct {
	*httptest.ResponseRecorder
	began chan int
	told  bool
}

func (s *streamed) begin(code int) {
	if !s.told {
		s.told = true
		s.began <- code
	}
}

func (s *streamed) WriteHeader(code int) { s.ResponseRecorder.WriteHeader(code); s.begin(code) }

func (s *streamed) Write(p []byte) (int, error) { s.begin(http.StatusOK); return len(p), nil }

// TestStreamEnds: a stream ends with its session, which it does not keep from ending.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		in, _ := v.signedIn(session.View)
		time.Sleep(session.Idle - time.Minute)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r := httptest.NewRequest("GET", "/live?page=/&after=0", nil).WithContext(ctx)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set(in[0], in[1])
		v.Serve(ctx, httptest.NewRecorder(), r, httpd.Visitor{Port: "4665"})
		if got := time.Since(start); got < time.Minute || got > time.Minute+2*time.Second {
			t.Errorf("the stream ended after %v", got)
		}
		if w := v.get("/", in...); w.Code != 401 {
			t.Errorf("the session goes on: %d", w.Code)
		}
	})
}

// TestHostileText: what receivers answer is text in pages.
func TestHostileText(t *testing.T) {
	v := newVisit(t)
	in, _ := v.signedIn(session.Edit)
	for _, path := range []string{"/", "/live?page=/&after=0", "/?q=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"} {
		w := v.get(path, in...)
		if text := w.Body.String(); w.Code != 200 || strings.Contains(text, "<script>alert") || strings.Contains(text, "<img src=x") {
			t.Errorf("%s: %d %s", path, w.Code, text)
		}
	}
}

// TestDownloads: the data of an event is saved as a file, and not shown, whatever it is.
func TestDownloads(t *testing.T) {
	v := newVisit(t)
	in, _ := v.signedIn(session.View)
	w := v.get("/events/e1/data", in...)
	if got := w.Header().Get("Content-Disposition"); w.Code != 200 || !strings.HasPrefix(got, "attachment;") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// TestOverTheGuard goes through the whole server: a Host that is not ours is refused with
// a session, too, and the API does not look at cookies.
func TestOverTheGuard(t *testing.T) {
	v := newVisit(t)
	l := apitest.Start(t, apitest.Settings, apitest.Options{Token: "t0ken", Site: v})
	_, port, _ := strings.Cut(l.Addr, ":")
	e := v.sessions.Begin(session.Edit)
	in := []string{"Cookie", "sidehook-" + port + "=" + e.Cookie, "Sidehook-Key", e.Key}
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/", "sidehook.localhost:" + port, 200},
		{"GET", "/", "127.0.0.1:" + port, 200},
		{"GET", "/", "evil.example", 403},
		{"GET", "/", "evil.example:" + port, 403},
		{"GET", v.Asset("console.js"), "evil.example:" + port, 403},
		{"GET", "/v1/webhooks", "sidehook.localhost:" + port, 401},
		{"POST", "/v1/webhooks/a/retry", "sidehook.localhost:" + port, 401},
		{"POST", "/v1/console/links", "sidehook.localhost:" + port, 401},
		{"POST", "/v1/events", "sidehook.localhost:" + port, 401},
	} {
		if r := apitest.Do(t, l.ViaPort, c.method, "http://"+l.Addr+c.path, "", append(in, "Host", c.host)...); r.StatusCode != c.want {
			t.Errorf("%s %s of %s: %d %s, want %d", c.method, c.path, c.host, r.StatusCode, r.Text, c.want)
		}
	}
	if r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/", ""); r.StatusCode != 200 {
		t.Errorf("over the socket: %d", r.StatusCode)
	}
}

// TestThreatsHaveTests: each test in the table of threats is there.
func TestThreatsHaveTests(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 3 || !strings.Contains(cells[2], "Test") {
			continue
		}
		rows++
		for _, name := range strings.Split(strings.TrimSpace(cells[2]), ", ") {
			dir, test, ok := strings.Cut(name, ".")
			if !ok {
				dir, test = "", name
			}
			if dir == "httpd" {
				dir = "../httpd"
			}
			if !hasTest(t, dir, test) {
				t.Errorf("there is no %s", name)
			}
		}
	}
	if rows < 15 {
		t.Errorf("only %d rows", rows)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	files, err := os.ReadDir("./" + dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile("./" + dir + "/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
