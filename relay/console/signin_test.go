package console_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/apitest"
	"sidehook/relay/console"
	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// TestLink: a link signs in who follows it, once.
func TestLink(t *testing.T) {
	v := newVisit(t)
	for _, level := range []session.Level{session.View, session.Edit} {
		link := v.link(level)
		w := v.get(link, browser...)
		if w.Code != 200 || w.Header().Get("Location") != "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		cookies, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
		if err != nil || len(w.Header()["Set-Cookie"]) != 1 {
			t.Fatalf("%v: %v", err, w.Header())
		}
		want := "sidehook-4665=" + cookies.Value + "; Path=/; HttpOnly; SameSite=Strict"
		if got := w.Header().Get("Set-Cookie"); got != want || len(cookies.Value) != 43 {
			t.Errorf("got %s, want %s", got, want)
		}
		key := regexp.MustCompile(`<body [^>]*data-key="([^"]*)"`).FindStringSubmatch(w.Body.String())
		if key == nil || !v.sessions.HasKey(cookies.Value, key[1]) {
			t.Errorf("no key: %s", w.Body)
		}
		if !strings.Contains(w.Body.String(), `<noscript><meta http-equiv="refresh" content="0; url=/"></noscript>`) {
			t.Errorf("without a script it does not move on: %s", w.Body)
		}
		if got, ok := v.sessions.Look(cookies.Value); !ok || got != level {
			t.Errorf("a session of level %d, %t, want %d", got, ok, level)
		}
		again := v.get(link)
		if again.Code != 401 || again.Header().Get("Set-Cookie") != "" || !strings.Contains(again.Body.String(), "A link works once") || !strings.Contains(again.Body.String(), "sidehook console --edit") {
			t.Errorf("again: %d %v %s", again.Code, again.Header(), again.Body)
		}
	}
}

// TestLinkExpires after a minute.
func TestLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		link := v.link(session.View)
		time.Sleep(time.Minute)
		if w := v.get(link); w.Code != 401 || !strings.Contains(w.Body.String(), "This link does not work any more") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// TestLinkIsOnlyFollowed: what does not go there leaves a link good.
func TestLinkIsOnlyFollowed(t *testing.T) {
	for _, c := range []struct {
		method  string
		headers []string
		enters  bool
	}{
		{"GET", nil, true}, // such as curl
		{"GET", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-User", "?1"}, true},
		{"GET", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		{"GET", []string{"Sec-Purpose", "prefetch"}, false},
		{"GET", []string{"Sec-Purpose", "prefetch;prerender", "Sec-Fetch-Mode", "navigate"}, false},
		{"GET", []string{"Purpose", "prefetch"}, false},
		{"GET", []string{"X-Purpose", "preview"}, false},
		{"GET", []string{"X-Moz", "prefetch"}, false},
		{"HEAD", nil, false},
		{"GET", []string{"Sec-Fetch-Mode", "cors"}, false},
		{"GET", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, false},
		{"GET", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false},
		{"GET", []string{"Sec-Fetch-Dest", "empty"}, false},
		{"POST", nil, false},
		{"PUT", nil, false},
	} {
		v := newVisit(t)
		link := v.link(session.Edit)
		w := v.do(httpd.Visitor{}, c.method+" "+link, "", c.headers...)
		if entered := w.Header().Get("Set-Cookie") != ""; entered != c.enters {
			t.Errorf("%s %v: entered %t: %d %s", c.method, c.headers, entered, w.Code, w.Body)
		}
		if again := v.get(link); (again.Code == 200) == c.enters {
			t.Errorf("%s %v, and then: %d", c.method, c.headers, again.Code)
		}
	}
}

// TestToken: the token lets in for what listen.console says, the read token to look.
func TestToken(t *testing.T) {
	for _, allowed := range []session.Level{session.View, session.Edit} {
		sessions := session.New()
		h := console.New(operator{Operator: &apitest.Operator{}}, console.Options{Sessions: sessions, Level: allowed, Tokens: tokens{}})
		v := &visit{Handler: h, sessions: sessions}
		for token, want := range map[string]session.Level{"owner": allowed, " owner\n": allowed, "reader": session.View} {
			w := v.do(httpd.Visitor{}, "POST /in", `{"token":`+strconv.Quote(token)+`}`, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
			cookies, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
			if w.Code != 200 || err != nil || !cookies.HttpOnly || cookies.SameSite != http.SameSiteStrictMode {
				t.Fatalf("%q: %d %s, %v", token, w.Code, w.Body, w.Header())
			}
			if got, ok := sessions.Look(cookies.Value); !ok || got != want {
				t.Errorf("%q: a session of level %d, %t, want %d", token, got, ok, want)
			}
			key := regexp.MustCompile(`^\{"key":"([^"]*)"\}\n$`).FindStringSubmatch(w.Body.String())
			if key == nil || !sessions.HasKey(cookies.Value, key[1]) {
				t.Errorf("%q: no key: %s", token, w.Body)
			}
		}
	}
	v := newVisit(t)
	for body, want := range map[string]int{`{"token":"x"}`: 401, `{"token":""}`: 400, `{}`: 400, `token=owner`: 400, strings.Repeat(" ", 17<<10): 413} {
		if w := v.do(httpd.Visitor{}, "POST /in", body, "Content-Type", "application/json"); w.Code != want || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%.20s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := v.do(httpd.Visitor{}, "POST /in", `{"token":"owner"}`, "Content-Type", "text/plain"); w.Code != 415 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("as text: %d %s", w.Code, w.Body)
	}
	v = &visit{Handler: console.New(operator{Operator: &apitest.Operator{}}, console.Options{})}
	if w := v.do(httpd.Visitor{}, "POST /in", `{"token":"owner"}`, "Content-Type", "application/json"); w.Code != 422 {
		t.Errorf("where there is no token: %d %s", w.Code, w.Body)
	}
	if w := v.get("/"); strings.Contains(w.Body.String(), "<form") {
		t.Errorf("a form for a token that is not there: %s", w.Body)
	}
}

// TestWrongTokens: five in a minute, and then no token is tried for the rest of it.
func TestWrongTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		try := func(token string) (int, string) {
			w := v.do(httpd.Visitor{}, "POST /in", `{"token":"`+token+`"}`, "Content-Type", "application/json")
			return w.Code, w.Header().Get("Retry-After")
		}
		for i := range 5 {
			if code, _ := try("x"); code != 401 {
				t.Errorf("wrong token %d: %d", i+1, code)
			}
			time.Sleep(time.Second)
		}
		for _, token := range []string{"x", "owner"} {
			if code, retry := try(token); code != 429 || retry != "55" {
				t.Errorf("%s: %d, after %q", token, code, retry)
			}
		}
		time.Sleep(55*time.Second - time.Millisecond)
		if code, retry := try("owner"); code != 429 || retry != "1" {
			t.Errorf("%d, after %q", code, retry)
		}
		time.Sleep(time.Millisecond)
		if code, _ := try("owner"); code != 200 {
			t.Errorf("after a minute: %d", code)
		}
	})
}
