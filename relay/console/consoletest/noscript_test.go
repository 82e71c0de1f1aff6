package consoletest_test

import (
	"net/http"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestWithoutScript: who has JavaScript off signs in by a link, reads every page, and goes
// from one to the other.
func TestWithoutScript(t *testing.T) {
	s := busy(t)
	tab := browser.Tab(t, consoletest.NoScript)
	s.SignIn(tab, "view")
	for path, text := range map[string]string{
		"/":                       "app-lifecycle",
		"/?q=webhook-7":           "webhook-7",
		"/webhooks/app-lifecycle": "event-1",
		"/webhooks/failing":       "503",
		"/events":                 "com.qlik.v1.user.deleted",
		"/events/event-1":         "12345678901234567890",
		"/deliveries":             "webhook-9",
		"/resend?since=24h":       "deliveries",
		"/config":                 "webhooks.yaml",
	} {
		if status := tab.Go(s.URL + path); status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		tab.WaitText("main", text)
	}
	s.open(t, tab, "/")
	tab.ClickText("a", "app-lifecycle")
	tab.WaitPath("/webhooks/app-lifecycle")
	tab.ClickText("nav a", "Events")
	tab.WaitPath("/events")
	tab.Fill("input[type=search]", "event-3")
	tab.Press("Enter")
	tab.Wait("the search leads to the event", "location.pathname.startsWith('/events/') && document.readyState == 'complete'")
	tab.WaitText("h1", "event-3")
}
