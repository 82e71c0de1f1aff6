package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"sidehook/relay/console/consoletest"
)

// eventStory is a relay with an event that failed, was retried and still waits for one
// webhook, arrived at another, and was not for a third.
func eventStory(t *testing.T) *consoletest.Relay {
	t.Helper()
	receiver := consoletest.NewReceiver(t)
	var answers atomic.Int32
	receiver.Answer("/crm", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(503)
		fmt.Fprintf(w, `{"error":"overloaded <b>now</b>","try":%d,"id":9007199254740993.10,"trace":["a","b"]}`, answers.Add(1))
	})
	receiver.Answer("/image", consoletest.Answer(200, "image/png", "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\xff", 100)))
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: "webhooks:\n" +
		receiver.Hook("crm", `, headers: {Authorization: "Bearer x", X-Team: 'a b'}, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`) +
		receiver.Hook("image", "") +
		strings.ReplaceAll(receiver.Hook("other", ""), "a.*", "b.*") +
		receiver.Hook("condition", `, when: 'data.total > 1000'`)})
	r.Post(`{"type":"a.created","id":"order-1","subject":"x","data":{"total":12.50,"note":"\u202e<script>","items":[{"sku":"A-1","n":1},{"sku":"B-2","n":2}],"paid":true,"left":null}}`)
	consoletest.Eventually(t, "two attempts at crm", func() bool { return len(receiver.Taken("/crm")) == 2 && len(receiver.Taken("/image")) == 1 })
	recorded(t, r, "order-1", 3)
	return r
}

// TestBrowserEvent: what became of an event, and why, can be seen at a glance; what waits
// can be retried and canceled, and a changed copy can be posted.
func TestBrowserEvent(t *testing.T) {
	r := eventStory(t)
	tab := browsers.Tab(t)
	tab.Go(browserLink(t, r, `{"edit":true}`))
	tab.WaitPath("/")
	tab.Go(r.URL + "/events/order-1")
	for selector, text := range map[string]string{
		"h1": "order-1", "#to-crm .why": "a.* matches a.created", "#to-crm h2 .state": "retrying", "#to-image h2 .state": "delivered",
		"#to-crm details[open]": "Attempt 2", "#to-crm details[open] .changed": `-   "try": 1,`, "#to-crm details[open] .n": "2",
		"#to-image .hex": "89 50 4e 47", "main": "condition: its condition is false", ".legend": "wait",
	} {
		tab.WaitText(selector, text)
	}
	if got := tab.Text("#to-crm .schedule title"); got != "" && !strings.HasPrefix(got, "2 attempts made") {
		t.Errorf("the schedule says %q", got)
	}
	if n := tab.Count("*"); n > 2500 {
		t.Errorf("%d elements", n)
	}
	for _, look := range []struct {
		name string
		look consoletest.Look
	}{{"light", nil}, {"dark", consoletest.Dark}, {"narrow", consoletest.Narrow}} {
		if look.look != nil {
			look.look(tab)
		}
		tab.Screenshot("event-" + look.name)
		if wide := consoletest.Eval[int](tab, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
			t.Errorf("%s: the page is %d px wider than the window", look.name, wide)
		}
	}
	t.Run("for everybody", func(t *testing.T) {
		axe := consoletest.LoadAxe(t)
		for _, look := range [][]consoletest.Look{nil, {consoletest.Dark}} {
			tab := tab.Another(look...)
			tab.Go(r.URL + "/events/order-1")
			for _, finding := range axe.Findings(tab) {
				t.Error(finding)
			}
		}
	})
	tab.ClickText("#to-crm button", "Retry now")
	tab.WaitText("#said", "order-1 was still waiting for crm; retrying it now.")
	tab.WaitText("#to-crm details", "Attempt 3")
}

// TestBrowserCopy: a wrong copy says why at the form, and a right one leads to its page.
func TestBrowserCopy(t *testing.T) {
	r := eventStory(t)
	tab := browsers.Tab(t)
	tab.Go(browserLink(t, r, `{"edit":true}`))
	tab.WaitPath("/")
	tab.Go(r.URL + "/events/order-1")
	text := consoletest.Eval[string](tab, "document.querySelector('#copy-event').value")
	if strings.Contains(text, "order-1") || !strings.Contains(text, `"total": 12.50`) || strings.Contains(text, `"time"`) {
		t.Errorf("the copy is %s", text)
	}
	tab.Fill("#copy-event", "{")
	tab.ClickText("#copy button", "Post the copy")
	tab.WaitText("#copy .fault", "expected a name in quotes")
	tab.Fill("#copy-event", `{"type":"a.changed","id":"copy-1","data":1}`)
	tab.ClickText("#copy button", "Post the copy")
	tab.WaitPath("/events/copy-1")
	tab.WaitText(".about", "posted in the console")
	tab.ClickText("#to-crm button", "Cancel")
	tab.ClickText("dialog button", "Cancel the delivery")
	tab.WaitText("#to-crm h2 .state", "canceled")
}
