package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// failedEvents starts a relay for which three deliveries have failed at the webhook bad.
func failedEvents(t *testing.T) (*consoletest.Relay, *consoletest.Receiver) {
	receiver := consoletest.NewReceiver(t)
	receiver.Answer("/bad", consoletest.Answer(500, "text/plain", "no"))
	r := consoletest.Start(t, consoletest.Setup{
		Listen: "console: edit", File: "webhooks:\n" + receiver.Hook("bad", ", give_up_on: [500]") + receiver.Hook("good", ", match: {subject: none}"),
	})
	for i := range 3 {
		r.Post(fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"s","type":"a.t%d"}`, i, i))
	}
	consoletest.Eventually(t, "three deliveries fail", func() bool {
		_, page, _ := r.Get("/deliveries?status=failed")
		return len(rowsOf(page)) == 3
	})
	return r, receiver
}

// TestBulkCount: the page says how many there are and what will happen, and gives the
// command; nothing is sent by a GET.
func TestBulkCount(t *testing.T) {
	r, receiver := failedEvents(t)
	for query, want := range map[string]string{
		"":                         "Say since when",
		"since=1h":                 "3 deliveries",
		"since=1h&type=a.t1":       "1 delivery",
		"since=1h&status=expired":  "No delivery matches",
		"since=1h&webhook=bad":     "for bad",
		"since=1h&to=good":         "to good instead",
		"since=1h&code=5xx":        "cannot be narrowed by code 5xx",
		"since=1h&webhook=nobody":  "There is no webhook",
		"since=1h&to=nobody":       "not in the file",
		"since=soon":               "how long ago",
		"since=1h&status=retrying": "There is no status",
		"since=1h&type=a*":         "whole words",
	} {
		if got := texts(get(t, r, "/resend?"+query, http.StatusOK)); !strings.Contains(got, want) {
			t.Errorf("/resend?%s says %q, want %q", query, got, want)
		}
	}
	page := get(t, r, "/resend?since=2000-01-01&webhook=bad&status=failed", http.StatusOK)
	command := regexp.MustCompile(`sidehook resend --webhook bad --since \d{4}\S+Z --until \S+Z --status failed`)
	if !command.MatchString(page) {
		t.Errorf("the page has no such command: %s", page)
	}
	get(t, r, "/resend?id=none", http.StatusNotFound)
	if got := len(receiver.Taken("/bad")); got != 3 {
		t.Errorf("looking sent requests: %d, want 3", got)
	}
}

// TestBrowserBulk: what was counted is resent, and its progress outlives the page.
func TestBrowserBulk(t *testing.T) {
	r, receiver := failedEvents(t)
	tab := browsers.Tab(t)
	r.SignIn(tab, "edit")
	tab.Go(r.URL + "/deliveries?status=failed")
	tab.ClickText("a", "Resend in bulk")
	tab.Fill(`input[name="since"]`, "1h")
	tab.ClickText("button", "Count")
	tab.WaitText("h2", "3 deliveries")
	held := make(chan struct{})
	receiver.Answer("/bad", func(http.ResponseWriter, *http.Request) { <-held })
	tab.ClickText("button", "Resend 3")
	tab.WaitText("#progress", "3 waiting")
	tab.Reload()
	tab.WaitText("#progress", "3 waiting")
	close(held)
	receiver.Answer("/bad", nil)
	tab.WaitText("#progress", "3 delivered")
	tab.WaitText("#progress", "All have arrived")

	var event struct {
		Resends []struct{ By string }
	}
	r.Call("GET", "/v1/events/e1", "", &event)
	if len(event.Resends) != 1 || event.Resends[0].By != "console" {
		text, _ := json.Marshal(event)
		t.Errorf("the history has %s, want a resend by the console", text)
	}
}

// TestBrowserCancelWaiting: it asks first, and then ends what waits.
func TestBrowserCancelWaiting(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: "webhooks:\n" + receiver.Hook("held", ", paused: true")})
	for i := range 3 {
		r.Post(fmt.Sprintf(`{"specversion":"1.0","id":"e%d","source":"s","type":"a.b"}`, i))
	}
	tab := browsers.Tab(t)
	r.SignIn(tab, "edit")
	tab.Go(r.URL + "/webhooks/held")
	tab.ClickText("button", "Cancel waiting")
	tab.WaitText("dialog", "Cancel all 3 deliveries")
	tab.ClickText("dialog button", "Keep")
	tab.Wait("the dialog goes", "!document.querySelector('dialog')")
	tab.ClickText("button", "Cancel waiting")
	tab.ClickText("dialog button", "Cancel them")
	tab.WaitText("#said", "Canceled 3 deliveries for held.")
	tab.WaitText("#rows", "canceled")
	tab.WaitText("#about", "nothing")
}
