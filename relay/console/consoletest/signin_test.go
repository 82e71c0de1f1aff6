package consoletest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"sidehook/relay/console/consoletest"
)

// elsewhere is a server of somebody else on this machine. It has one page with one link,
// and notes the cookies that it is sent.
type elsewhere struct {
	port string

	mu      sync.Mutex
	link    string
	cookies []string
}

func newElsewhere(t *testing.T, link string) *elsewhere {
	e := &elsewhere{link: link}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, c := range r.Cookies() {
			e.cookies = append(e.cookies, r.Host+" "+c.Name)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>A ticket</title><link rel=icon href=data:,><a href="%s">the link</a>`, e.link)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	e.port = u.Port()
	return e
}

// at returns the address of the page under the name of a host.
func (e *elsewhere) at(host string) string { return "http://" + host + ":" + e.port + "/" }

// TestSignInFromAnotherSite: a link works also where it was pasted into a page of another
// site, whose cookies and referrer a browser treats with care.
func TestSignInFromAnotherSite(t *testing.T) {
	s := empty(t)
	tab := browser.Tab(t)
	tab.Go(newElsewhere(t, s.Link("view")).at("tickets.test"))
	tab.ClickText("a", "the link")
	tab.WaitPath("/")
	tab.WaitText("h1", "Webhooks")
}

// TestLinkOnce: a link is good once, and the page of a used one says what to do.
func TestLinkOnce(t *testing.T) {
	s := empty(t)
	link := s.Link("view")
	tab := browser.Tab(t)
	tab.Go(link)
	tab.WaitPath("/")
	another := browser.Tab(t)
	another.Go(link)
	if text := another.Text("main"); !strings.Contains(text, "sidehook console") {
		t.Errorf("a used link shows %q, want the command to run", text)
	}
	if status := another.Go(s.URL + "/"); status != http.StatusUnauthorized {
		t.Errorf("after a used link: status %d, want %d", status, http.StatusUnauthorized)
	}
}

// TestStranger: without a session every page asks to sign in, and shows nothing.
func TestStranger(t *testing.T) {
	s := busy(t)
	axe := consoletest.LoadAxe(t)
	tab := browser.Tab(t)
	for _, path := range []string{"/", "/webhooks/app-lifecycle", "/webhooks/app-lifecycle/edit", "/events/event-1", "/config"} {
		if status := tab.Go(s.URL + path); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want %d", path, status, http.StatusUnauthorized)
		}
		html := tab.HTML()
		for _, secret := range []string{"app-lifecycle\"", "Tells the data team", "event-1\"", s.receiver.URL} {
			if strings.Contains(html, secret) {
				t.Errorf("%s shows a stranger %q", path, secret)
			}
		}
	}
	for _, finding := range axe.Findings(tab) {
		t.Error(finding)
	}
	tab.Screenshot("sign-in")
}

// TestEventLinkFromAnotherSite: a link in a ticket leads to the event, for who is signed
// in: over a page without data, which the page with the link learns nothing of. So does
// one from another port of the same host.
func TestEventLinkFromAnotherSite(t *testing.T) {
	s := quiet(t)
	s.post("e1")
	ticket := newElsewhere(t, s.URL+"/events/e1")
	tab := s.signedIn(t)
	for _, host := range []string{"tickets.test", "localhost", "sidehook.localhost"} {
		tab.Go(ticket.at(host))
		tab.Requests()
		tab.ClickText("a", "the link")
		tab.WaitText("h1", "e1")
		var visits int
		for _, r := range tab.Requests() {
			if strings.HasSuffix(r.URL, "/events/e1") {
				visits++
			}
		}
		if visits != 2 {
			t.Errorf("from %s the page was asked for %d times, want a page without data first and then itself", host, visits)
		}
	}
}

// TestEmbedded: a page of another site can neither frame the console nor read it.
func TestEmbedded(t *testing.T) {
	s := quiet(t)
	tab := s.signedIn(t)
	for _, host := range []string{"tickets.test", "sidehook.localhost"} {
		tab.Go(newElsewhere(t, s.URL+"/").at(host))
		got := consoletest.Eval[string](tab, fmt.Sprintf(`fetch(%q, {credentials: "include"}).then(r => r.text(), () => "refused")`, s.URL+"/"))
		if got != "refused" {
			t.Errorf("%s reads %q", host, got)
		}
		framed := consoletest.Eval[string](tab, fmt.Sprintf(`new Promise(done => {
			const frame = document.createElement("iframe"); frame.src = %q; document.body.append(frame);
			frame.onload = () => { try { done(frame.contentDocument ? "readable" : "refused") } catch { done("refused") } } })`, s.URL+"/"))
		if framed != "refused" {
			t.Errorf("in a frame of %s the console is %s", host, framed)
		}
		tab.Complaints() // of what was refused
	}
}

// TestCookieStaysHere: other programs of this machine, at other ports, do not see the
// cookie: neither by the names that they are called by, nor on 127.0.0.1.
func TestCookieStaysHere(t *testing.T) {
	s := empty(t)
	tab := s.signedIn(t)
	other := newElsewhere(t, s.URL)
	for _, host := range []string{"localhost", "127.0.0.1", "other.localhost"} {
		tab.Go(other.at(host))
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	if len(other.cookies) > 0 {
		t.Errorf("others see %v", other.cookies)
	}
}

// TestStolenCookie: who has the cookie alone changes nothing.
func TestStolenCookie(t *testing.T) {
	s := busy(t)
	tab := s.signedIn(t)
	cookie := tab.Cookie(s.URL, "sidehook-"+s.Port)
	if !cookie.HTTPOnly || cookie.SameSite != "Strict" || !cookie.Session {
		t.Errorf("cookie %+v, want HttpOnly, SameSite=Strict, of the session", cookie)
	}
	req, err := http.NewRequest("POST", "http://127.0.0.1:"+s.Port+"/do/pause", strings.NewReader(`{"webhook":"app-lifecycle"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "sidehook.localhost:" + s.Port // which Go does not resolve
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", s.URL)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a change with the cookie alone: status %d: %s", resp.StatusCode, body)
	}
}
