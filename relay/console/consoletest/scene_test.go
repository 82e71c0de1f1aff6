package consoletest_test

import (
	"fmt"
	"net/http"
	"testing"

	"sidehook/relay/console/consoletest"
)

// catalogue is that of the seed.
const catalogue = `event_types:
  com.qlik.v1.app.created: An app was created
  com.qlik.v1.app.deleted: An app was deleted
  com.qlik.v1.app.data.updated: The data of an app was refreshed
  com.qlik.v1.app.reload.finished: An app and its data tables were reloaded
  com.qlik.v1.app.published: An app was published
  com.qlik.v1.app.exported: An app was exported
  com.qlik.v1.user.created: A user was created
  com.qlik.v1.user.deleted: A user was deleted
`

// scene is a relay with a receiver.
type scene struct {
	*consoletest.Relay
	receiver *consoletest.Receiver
}

// entry is a webhook of the file. more is more of its keys, in YAML's flow style.
func (s *scene) entry(name, events, more string) string {
	return fmt.Sprintf("  - {name: %s, url: '%s/%s', events: [%s], allow: [http, any-host, 127.0.0.0/8], signature: none%s}\n", name, s.receiver.URL, name, events, more)
}

// send posts an event of the seed's catalogue, without the head of its type.
func (s *scene) send(kind, id, data string) {
	s.Post(fmt.Sprintf(`{"type":"com.qlik.v1.%s","id":%q,"data":%s}`, kind, id, data))
}

// empty starts a relay without a webhook.
func empty(t *testing.T) *scene {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.Relay = consoletest.Start(t, consoletest.Setup{File: catalogue})
	return s
}

// busy starts a relay with webhooks in every state, a generated history, and some
// events: delivered, failing, waiting and wanted by nobody.
func busy(t *testing.T) *scene {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	file := "history: {keep: 3650d}\n" + catalogue + "webhooks:\n" +
		s.entry("app-lifecycle", "'com.qlik.v1.app.*'", ", description: Tells the data team which apps come and go, headers: {X-Team: data}") +
		s.entry("user-sync", "com.qlik.v1.user.created", ", description: Keeps the directory in step") +
		s.entry("failing", "com.qlik.v1.app.created, com.qlik.v1.app.exported", ", retry: [50ms, 1h, 2h]") +
		s.entry("refusing", "com.qlik.v1.app.deleted", ", retry: []") +
		s.entry("paused", "'**'", ", paused: true, description: Everything") +
		s.entry("switched-off", "com.qlik.v1.app.published", ", enabled: false")
	for i := range 10 {
		file += s.entry(fmt.Sprintf("webhook-%d", i), "com.qlik.v1.app.reload.finished", "")
	}
	s.receiver.Answer("/app-lifecycle", consoletest.Answer(200, "application/json", `{"ok":true,"received":12345678901234567890,"note":"thanks"}`))
	s.receiver.Answer("/failing", consoletest.Answer(503, "text/html", "<h1>Service Unavailable</h1>\n<p>Please try again later.</p>"))
	s.receiver.Answer("/refusing", consoletest.Answer(410, "text/plain", "gone"))
	s.Relay = consoletest.Start(t, consoletest.Setup{File: file, Attempts: 3000, SegmentSize: 128 << 10})
	for i, kind := range []string{"app.created", "app.published", "app.deleted", "app.exported", "user.created", "user.deleted", "app.created"} {
		s.send(kind, fmt.Sprintf("event-%d", i), fmt.Sprintf(`{"attributes":{"id":"0984fec4-aa8c-4253-b1d1-%d","name":"App %d","owner":"auth0|b62a17c5","total":1234567890.12345678901,"published":false}}`, i, i))
	}
	consoletest.Eventually(t, "events are delivered", func() bool {
		return len(s.receiver.Taken("/app-lifecycle")) == 5 && len(s.receiver.Taken("/failing")) >= 6
	})
	s.Settled()
	return s
}

// signedIn opens a tab that may edit.
func (s *scene) signedIn(t *testing.T, looks ...consoletest.Look) *consoletest.Tab {
	tab := browser.Tab(t, looks...)
	s.SignIn(tab, "edit")
	return tab
}

// open opens a page in a tab and fails if it is none.
func (s *scene) open(t *testing.T, tab *consoletest.Tab, path string) {
	t.Helper()
	if status := tab.Go(s.URL + path); status != http.StatusOK {
		t.Fatalf("%s: status %d", path, status)
	}
}

// pages are the pages of busy by names for files.
var pages = []struct{ name, path string }{
	{"webhooks", "/"},
	{"webhooks-attention", "/?sort=attention"},
	{"webhooks-none", "/?q=nothing-like-this"},
	{"webhook", "/webhooks/app-lifecycle"},
	{"webhook-failing", "/webhooks/failing"},
	{"webhook-wrong-filter", "/webhooks/webhook-9?code=abc&since=xyz"},
	{"new", "/new"},
	{"edit", "/webhooks/app-lifecycle/edit"},
	{"yaml", "/webhooks/app-lifecycle/yaml"},
	{"events", "/events"},
	{"events-unmatched", "/events?unmatched=true"},
	{"event-delivered", "/events/event-1"},
	{"event-failing", "/events/event-0"},
	{"deliveries", "/deliveries"},
	{"resend", "/resend"},
	{"resend-counted", "/resend?since=24h&webhook=webhook-9"},
	{"config", "/config"},
}
