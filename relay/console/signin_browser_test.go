package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// browserLink makes a link into the console of a relay.
func browserLink(t *testing.T, r *consoletest.Relay, body string) string {
	t.Helper()
	var link struct{ URL string }
	if status := r.Call("POST", "/v1/console/links", body, &link); status != 200 {
		t.Fatalf("a link: %d", status)
	}
	return link.URL
}

// site is a page with a link, on another port and under another name.
func site(t *testing.T, to string) (port string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang=en><title>A ticket</title><link rel=icon href=data:,><a href="%s">the webhooks</a>`, to)
	}))
	t.Cleanup(s.Close)
	return s.URL[strings.LastIndex(s.URL, ":"):]
}

// TestBrowserSignsIn by a link, from the page that was asked for, and keeps the key.
func TestBrowserSignsIn(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit"})
	tab := browsers.Tab(t)
	if status := tab.Go(r.URL + "/?q=a"); status != 401 {
		t.Errorf("without a session: %d", status)
	}
	tab.WaitText("pre", "sidehook console --edit")
	link := browserLink(t, r, `{"edit":true}`)
	other := tab.Another()
	other.Go(link)
	other.WaitPath("/?q=a")
	tab.WaitText("h1", "Webhooks") // it was signed in, too
	if consoletest.Eval[string](tab, "document.cookie") != "" {
		t.Error("a script can read the cookie")
	}
	if consoletest.Eval[int](tab, "localStorage.getItem('sidehook-key').length") != 43 {
		t.Error("there is no key")
	}
	if status := other.Go(link); status != 401 {
		t.Errorf("the link again: %d", status)
	}
	other.WaitText("h1", "This link does not work any more")
}

// TestBrowserSignsInWithoutScript: a link works without JavaScript.
func TestBrowserSignsInWithoutScript(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{})
	tab := browsers.Tab(t, consoletest.NoScript)
	tab.Go(browserLink(t, r, ``))
	tab.WaitPath("/")
	tab.WaitText("h1", "Webhooks")
}

// TestBrowserSignsInWithToken: an error stands at the field.
func TestBrowserSignsInWithToken(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "token: s3cret-token"})
	tab := browsers.Tab(t)
	tab.Go(r.URL + "/?q=b")
	tab.Fill("#token", "wrong")
	tab.Press("Enter")
	tab.WaitText("#token-problem", "the token is wrong")
	if got := consoletest.Eval[string](tab, "document.activeElement.id + document.activeElement.getAttribute('aria-invalid')"); got != "tokentrue" {
		t.Errorf("the focus is on %s", got)
	}
	tab.Fill("#token", "s3cret-token")
	tab.Press("Enter")
	tab.WaitPath("/?q=b")
	tab.WaitText("h1", "Webhooks")
}

// TestBrowserFollowsLinks of other sites and of other ports: they lead to the page, with
// the session, and without JavaScript, too.
func TestBrowserFollowsLinks(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{})
	for name, looks := range map[string][]consoletest.Look{"script": nil, "no script": {consoletest.NoScript}} {
		t.Run(name, func(t *testing.T) {
			tab := browsers.Tab(t, looks...)
			tab.Go(browserLink(t, r, ``))
			tab.WaitPath("/")
			port := site(t, r.URL+"/?state=failing&q=%22x")
			for _, from := range []string{"http://tickets.localhost" + port, "http://sidehook.localhost" + port} {
				tab.Go(from + "/")
				tab.ClickText("a", "the webhooks")
				tab.WaitPath("/?state=failing&q=%22x")
				tab.WaitText("h1", "Webhooks")
			}
			// A link into the console is good from another site, too.
			port = site(t, browserLink(t, r, ``))
			fresh := browsers.Tab(t, looks...)
			fresh.Go("http://mail.localhost" + port + "/")
			fresh.ClickText("a", "the webhooks")
			fresh.WaitText("h1", "Webhooks")
		})
	}
}
