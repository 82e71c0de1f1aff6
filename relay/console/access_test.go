package console_test

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidehook/relay/apitest"
	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

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
