package relay_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTest: a test goes to its webhook alone, past what it wants and its state,
// once, and stands in the history as what it was; and it can be resent.
func TestTest(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+hook(s, "off", ", enabled: false")+
		strings.Replace(hook(s, "ops", ""), "'a.*'", "'sidehook.**'", 1))
	var got struct {
		Status, Event, Type, Error string
		Code                       int
		Test                       bool
		Request                    struct{ URL string }
	}
	for _, name := range []string{"one", "off"} {
		if code := h.call("POST", "/v1/webhooks/"+name+"/test", "", &got); code != 200 || got.Status != "delivered" || got.Code != 200 ||
			got.Type != "sidehook.test" || !got.Test || got.Request.URL != s.URL+"/"+name {
			t.Errorf("%s: %d, %+v", name, code, got)
		}
		if n := s.count("/"+name, got.Event); n != 1 {
			t.Errorf("%d requests for %s", n, name)
		}
	}
	if n := s.count("/ops", got.Event); n != 0 {
		t.Error("another webhook got the test")
	}
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	if code := h.call("POST", "/v1/webhooks/one/test", "", &got); code != 200 || got.Status != "failed" || got.Code != 410 || got.Error == "" {
		t.Errorf("a test that fails: %d, %+v", code, got)
	}
	var w struct {
		State    string
		LastHour struct{ Failed int } `json:"last_hour"`
	}
	if h.call("GET", "/v1/webhooks/one", "", &w); w.State != "active" || w.LastHour.Failed != 0 {
		t.Errorf("behind a 410 to a test: %+v", w)
	}
	if code := h.call("POST", "/v1/webhooks/nope/test", "", nil); code != 404 {
		t.Errorf("an unknown webhook: %d", code)
	}

	// A restart does not make it again, and a resend goes to its webhook.
	s.answer(nil)
	h.end()
	h.start("webhooks:\n" + hook(s, "one", ""))
	var story struct {
		Test     string
		To       []string
		Webhooks []struct{ Webhook, Status, Why string }
	}
	if code := h.call("GET", "/v1/events/"+got.Event, "", &story); code != 200 || story.Test != "one" || len(story.To) != 0 ||
		len(story.Webhooks) != 1 || story.Webhooks[0].Status != "failed" || !strings.HasPrefix(story.Webhooks[0].Why, "a test of it alone") {
		t.Errorf("its story: %d, %+v", code, story)
	}
	if n := s.count("/one", got.Event); n != 1 {
		t.Errorf("%d requests by a restart", n)
	}
	if code := h.call("POST", "/v1/events/"+got.Event+"/resend", "", nil); code != 202 {
		t.Errorf("resend: %d", code)
	}
	eventually(t, "the resend arrives", func() bool { return s.count("/one", got.Event) == 2 })
}

// TestOperationalEvents: a webhook that asks for them by name is told of what
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
		case <-time.After(10 * time.Second):
			t.Fatalf("not told of %s", typ)
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
	check("sidehook.webhook.disabled", "410 Gone: the receiver wants no more")
	h.call("POST", "/v1/webhooks/one/enable", "", nil)
	check("sidehook.webhook.enabled", "an operator asked for it")
}
