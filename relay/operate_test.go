package relay_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestOperationalEvents: a webhook that asks for them by name is notified of what
// happens to another, and one that asks for everything is not.
func TestOperationalEvents(t *testing.T) {
	s := newReceiver(t)
	told := make(chan string, 100)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/one":
			w.WriteHeader(410)
		case "/ops":
			told <- r.Header.Get("Sidehook-Event")
		}
	})
	wants := func(name, globs string) string { return strings.Replace(hook(s, name, ""), "'a.*'", globs, 1) }
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+wants("ops", "'sidehook.webhook.*'")+wants("all", "'**'"))
	check := func(typ, why string) {
		t.Helper()
		var story struct {
			To    []string
			Event struct {
				Source, Type string
				Data         struct {
					Webhook, Why string
					Count        int
				}
			}
		}
		var id string
		select {
		case id = <-told:
		case <-time.After(patience):
			t.Fatalf("not notified of %s", typ)
		}
		h.call("GET", "/v1/events/"+id, "", &story)
		e := &story.Event
		if e.Type != typ || e.Source != "sidehook" || e.Data.Webhook != "one" || e.Data.Why != why || e.Data.Count != 1 || len(story.To) != 1 {
			t.Errorf("got %+v, want %s: %s", story, typ, why)
		}
		if s.count("/all", id) != 0 {
			t.Error("it went to a webhook that did not ask for it")
		}
	}
	h.post("e1")
	check("sidehook.webhook.disabled", "410 Gone: the receiver asked to stop")
	h.call("POST", "/v1/webhooks/one/enable", "", nil)
	check("sidehook.webhook.enabled", "an operator asked for it")
}
