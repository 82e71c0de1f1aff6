package relay_test

import (
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/history/verify"
)

// A receiver that is gone gets nothing any more, over a restart, too, until its
// webhook is enabled again.
func enableCall(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	eventually(t, "it is disabled", func() bool { return h.standing("one").State == "disabled" })
	h.post("e2")
	h.end()
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.start("webhooks:\n" + hook(s, "one", ""))
	if got := h.standing("one").State; got != "disabled" {
		t.Errorf("after a restart it is %s", got)
	}
	if n := s.count("/one", "e2"); n != 0 {
		t.Errorf("%d requests while it was disabled", n)
	}
	var w standing
	if code := h.call("POST", "/v1/webhooks/one/enable", "", &w); code != 200 || w.Name != "one" || w.State != "active" {
		t.Errorf("enable: %d, %+v", code, w)
	}
	eventually(t, "what waited is sent, twice", func() bool { return s.count("/one", "e2") == 2 })
	if code := h.call("POST", "/v1/webhooks/two/enable", "", nil); code != 404 {
		t.Errorf("enable of an unknown webhook: %d", code)
	}
}

// What waits is due now, whether for its time, for that of a receiver that
// throttles, or for a probe of one that fails.
func retryCall(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/throttles" {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
			return
		}
		w.WriteHeader(500)
	})
	h := newHost(t, "webhooks:\n"+patient(s, "waits", "")+patient(s, "throttles", ", concurrency: 1")+patient(s, "fails", ", concurrency: 1"))
	h.post("e1")
	eventually(t, "an attempt each", func() bool {
		return s.count("/waits", "e1") == 1 && s.count("/throttles", "e1") == 1 && s.count("/fails", "e1") == 1
	})
	for _, id := range []string{"e2", "e3", "e4", "e5", "e6"} {
		h.call("POST", "/v1/events", `{"type":"a.b","id":"`+id+`"}`, nil)
	}
	eventually(t, "one fails", func() bool { return h.standing("fails").State == "failing" && h.standing("waits").State == "failing" })
	h.settled()
	if n := s.count("/throttles", "e2"); n > 0 {
		t.Errorf("%d requests while it throttles", n)
	}
	s.answer(nil)
	for _, name := range []string{"waits", "throttles", "fails"} {
		var w standing
		if code := h.call("POST", "/v1/webhooks/"+name+"/retry", "", &w); code != 200 || w.Name != name {
			t.Errorf("retry: %d, %+v", code, w)
		}
		eventually(t, "all arrives at "+name, func() bool {
			w := h.standing(name)
			return w.State == "active" && w.Backlog.Events == 0
		})
	}
	if code := h.call("POST", "/v1/webhooks/two/retry", "", nil); code != 404 {
		t.Errorf("retry of an unknown webhook: %d", code)
	}
}

// A test goes to its webhook alone, past what it wants and its state,
// once, and is in the history as what it was; and it can be resent.
func testCall(t *testing.T) {
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
		t.Errorf("after a 410 to a test: %+v", w)
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

// What waits ends, for one webhook and for an event, and stays so over a restart.
func cancelCall(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+hook(s, "two", ""))
	for _, id := range []string{"e1", "e2", "e3"} {
		h.post(id)
	}
	eventually(t, "two attempts each", func() bool { return s.count("/one", "e3") == 2 && s.count("/two", "e3") == 2 })
	cancel := func(body string, want int) {
		t.Helper()
		var answer struct{ Canceled int }
		h.settled()
		if code := h.call("POST", "/v1/cancel", body, &answer); code != 200 || answer.Canceled != want {
			t.Errorf("%s: %d, canceled %d, want %d", body, code, answer.Canceled, want)
		}
	}
	cancel(`{"event":"e2"}`, 2)
	cancel(`{"webhook":"one","until":"2026-01-01T00:00:00Z"}`, 0)
	cancel(`{"webhook":"one","type":"other"}`, 0)
	cancel(`{"webhook":"one"}`, 2)
	cancel(`{"webhook":"one"}`, 0)
	if code := h.call("POST", "/v1/cancel", `{"webhook":"nope"}`, nil); code != 404 {
		t.Errorf("an unknown webhook: %d", code)
	}
	h.end()
	h.start("webhooks:\n" + hook(s, "one", "") + hook(s, "two", ""))
	var story struct {
		Webhooks []struct{ Webhook, Status string }
	}
	h.call("GET", "/v1/events/e1", "", &story)
	if got, want := fmt.Sprint(story.Webhooks), "[{one canceled} {two retrying}]"; got != want {
		t.Errorf("e1: %s, want %s", got, want)
	}
}

// A resend goes to the webhooks that it names, or to those that the event was
// accepted for, past what they want; one that is gone is named.
func resendCall(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+hook(s, "two", ", when: subject == 'x'"))
	h.post("e1")
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e2","subject":"x"}`, nil)
	h.call("POST", "/v1/events", `{"type":"z","id":"z1"}`, nil)
	eventually(t, "both arrive", func() bool { return s.count("/one", "e1")+s.count("/one", "e2")+s.count("/two", "e2") == 3 })
	h.settled()
	type answer struct {
		Webhooks, Gone []string
		Detail         string
	}
	for _, c := range []struct {
		id, body string
		status   int
		want     string
		goes     string // to a webhook, the event
	}{
		{"e1", "", 202, "[one] []", "/one e1"},
		{"e1", `{"all":true}`, 202, "[one] []", "/one e1"},
		{"e1", `{"webhooks":["two"]}`, 202, "[two] []", "/two e1"},
		{"e1", `{"webhooks":["two","gone"]}`, 202, "[two] [gone]", "/two e1"},
		{"z1", `{"webhooks":["one"]}`, 202, "[one] []", "/one z1"},
		{"e2", `{"all":true}`, 202, "[one two] []", "/two e2"},
		{"e2", "", 422, "the event was accepted for several webhooks (one, two); name some of them, or send all", ""},
		{"e1", `{"webhooks":["gone"]}`, 422, "not in the file: webhook gone", ""},
		{"z1", `{"all":true}`, 422, "the event was accepted for no webhook; name the webhooks to send it to", ""},
		{"nope", "", 404, `there is no event "nope" in the history`, ""},
	} {
		webhook, id, _ := strings.Cut(c.goes, " ")
		before := s.count(webhook, id)
		var got answer
		code := h.call("POST", "/v1/events/"+c.id+"/resend", c.body, &got)
		if text := cmp.Or(got.Detail, fmt.Sprint(got.Webhooks, got.Gone)); code != c.status || text != c.want {
			t.Errorf("%s %s: %d %s, want %d %s", c.id, c.body, code, text, c.status, c.want)
		}
		if c.goes != "" {
			eventually(t, c.goes+" arrives again", func() bool { return s.count(webhook, id) == before+1 })
			h.settled()
		}
	}
	last := s.taken("/one")[len(s.taken("/one"))-1].header
	if last.Get("Sidehook-Resend") != "true" || last.Get("Sidehook-Attempt") != "1" {
		t.Errorf("headers %v", last)
	}
	t.Run("one that waits", resendHastens)
}

// resendHastens makes a delivery that waits due now instead of a second one.
func resendHastens(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	eventually(t, "two attempts", func() bool { return s.count("/one", "e1") == 2 })
	s.answer(nil)
	h.settled()
	var answer struct{ Webhooks, Hastened []string }
	h.call("POST", "/v1/events/e1/resend", "", &answer)
	eventually(t, "the waiting delivery is made", func() bool { return s.count("/one", "e1") == 3 })
	if fmt.Sprint(answer.Hastened) != "[one]" {
		t.Errorf("answer %+v", answer)
	}
}

// Damage that is accepted is known to the next check, and to a relay that starts.
func acceptCall(t *testing.T) {
	filesOnly(t)
	h := newHost(t, "webhooks: []\n")
	var answer struct{ Accepted int }
	body := `{"problems":[{"file":"events-00000000000000000001.jsonl","line":3,"offset":90,"message":"its checksum does not hold"}]}`
	if code := h.call("POST", "/v1/history/accept", body, &answer); code != 200 || answer.Accepted != 1 {
		t.Errorf("%d, accepted %d", code, answer.Accepted)
	}
	want := history.Problem{File: "events-00000000000000000001.jsonl", Line: 3, Offset: 90, What: "its checksum does not hold"}
	for _, again := range []bool{false, true} {
		checker, err := verify.Open(filepath.Join(h.dir, "history"))
		if err != nil {
			t.Fatal(err)
		}
		if !checker.Knows([]history.Problem{want}) {
			t.Errorf("it is not known; after a restart: %v", again)
		}
		checker.Close()
		h.end()
		h.start("webhooks: []\n")
	}
}
