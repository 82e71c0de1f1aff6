package consoletest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestViewOnly: who may only look is told so, finds no button that would fail, and is
// refused what a script asks for all the same.
func TestViewOnly(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	s := busy(t)
	tab := browser.Tab(t)
	s.SignIn(tab, "view")
	for _, path := range []string{"/", "/webhooks/failing", "/new", "/webhooks/failing/edit", "/events/event-0", "/deliveries", "/config"} {
		s.open(t, tab, path)
		tab.WaitText("#status, header", "View only")
		if buttons := consoletest.Eval[[]string](tab, `[...document.querySelectorAll("main [data-do], main [data-remove], main form[method=post] button, main form:not([method]) button[type=submit]")].filter(b => !b.disabled && b.checkVisibility()).map(b => b.outerHTML.slice(0, 200))`); len(buttons) > 0 {
			t.Errorf("%s: these seem to work: %q", path, buttons)
		}
		for _, finding := range axe.Contrast(tab) { // of what is disabled
			t.Errorf("%s: %s", path, finding)
		}
	}
	header := s.session("view")
	for name, body := range map[string]string{"resend": `{"event":"event-0"}`, "remove": `{}`, "save": `{}`, "switch": `{"webhook":"failing","to":"pause"}`, "test": `{"webhook":"failing"}`} {
		if status, answer := s.change(header, name, body); status != http.StatusForbidden {
			t.Errorf("%s: status %d: %s", name, status, answer)
		}
	}
}

// TestToken: the token signs in as well, and a wrong one is refused at its field.
func TestToken(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.Relay = consoletest.Start(t, consoletest.Setup{Listen: "console: edit\n  token: the-right-token-0123456789"})
	tab := browser.Tab(t)
	if status := tab.Go(s.URL + "/config"); status != http.StatusUnauthorized {
		t.Errorf("status %d, want %d", status, http.StatusUnauthorized)
	}
	tab.Fill("#token", "wrong")
	tab.Press("Enter")
	tab.WaitText("[role=alert]", "wrong")
	tab.Screenshot("sign-in-wrong")
	tab.Fill("#token", "the-right-token-0123456789")
	tab.Press("Enter")
	tab.WaitText("h1", "Configuration")
	if got := consoletest.Eval[string](tab, "location.pathname"); got != "/config" {
		t.Errorf("signing in leads to %s, want where one was", got)
	}
	if strings.Contains(tab.HTML(), "the-right-token") {
		t.Error("the page has the token")
	}
}

// TestRefusedEdit: while an edit of the file is refused, each page says so at once, and
// the page of the configuration shows the line.
func TestRefusedEdit(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	s := &scene{receiver: consoletest.NewReceiver(t)}
	file := "webhooks:\n" + s.entry("one", "'a.*'", "")
	s.Relay = consoletest.Start(t, consoletest.Setup{File: file})
	tab := s.signedIn(t)
	s.open(t, tab, "/")
	live(tab, "live")
	s.Save(file + "  - {name: two, urk: https://example.com, events: [a]}\n")
	tab.WaitText("#status [role=alert]", "rejected")
	for i, way := range []consoletest.Look{consoletest.Bright, consoletest.Dark, consoletest.Narrow} {
		tab.Look(way)
		for _, finding := range axe.Findings(tab) {
			t.Error(finding)
		}
		tab.Screenshot(fmt.Sprint("refused-", i))
	}
	tab.Look(consoletest.Usual, consoletest.Bright)
	tab.ClickText("#status a", "Show 2 problems")
	tab.WaitPath("/config")
	tab.WaitText("main .lines .at", "urk")
	for _, finding := range axe.Findings(tab) {
		t.Error(finding)
	}
	tab.Screenshot("config-refused")
	s.Save(file)
	tab.Wait("the banner goes", "!document.querySelector('#status [role=alert]')")
}
