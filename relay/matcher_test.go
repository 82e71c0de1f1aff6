package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

type decided struct {
	To       []string
	Webhooks []struct {
		Webhook, Glob, When, Why, Status string
		Wanted, Now                      bool
		Match                            map[string]string
	}
	Attempts []struct {
		Webhook, Status, Error string
		Unsent                 bool
		Request                *struct{}
	}
}

func (d *decided) of(t *testing.T, name string) string {
	t.Helper()
	for _, w := range d.Webhooks {
		if w.Webhook == name {
			return fmt.Sprintf("%t %t %s|%s|%s|%s", w.Wanted, w.Now, w.Status, w.Glob, w.When, w.Why)
		}
	}
	return "none"
}

// An event goes to those webhooks whose attributes it has, in whichever form it came.
func matchKey(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "eu", ", match: {region: [eu, us], tenant: acme}")+hook(s, "all", "")+
		hook(s, "app", ", match: {source: /app, subject: s1}")+hook(s, "five", ", match: {n: 5, on: true}")+
		hook(s, "both", ", match: {tenant: acme}, when: data.paid"))
	for _, c := range []struct{ event, want string }{
		{`{"type":"a.b"}`, "[all]"},
		{`{"type":"a.b","tenant":"acme","region":"us"}`, "[eu all]"},
		{`{"type":"a.b","tenant":"acme","region":"us","data":{"paid":true}}`, "[eu all both]"},
		{`{"type":"a.b","tenant":"acme","region":"asia"}`, "[all]"},
		{`{"type":"a.b","tenant":"acm\u0065","region":"\u0065u"}`, "[eu all]"},
		{`{"type":"a.b","source":"/app","subject":"s1"}`, "[all app]"},
		{`{"type":"a.b","source":"/app","subject":"s2"}`, "[all]"},
		{`{"type":"a.b","n":5,"on":true}`, "[all five]"},
		{`{"type":"a.b","n":"5","on":"true"}`, "[all five]"},
		{`{"type":"a.b","n":50,"on":true}`, "[all]"},
		{`{"cloudEventsVersion":"0.1","eventType":"a.b","source":"/app","extensions":{"subject":"s1","Tenant":"acme","region":"eu","source":"/b"}}`, "[eu all app]"},
		{`{"cloudEventsVersion":"0.1","eventType":"a.b","extensions":{"tenant":["acme"],"region":{"eu":1}}}`, "[all]"},
		{`{"specversion":"1.0","type":"a.b","id":"1","source":"/app","subject":"s1","tenant":"acme"}`, "[all app]"},
	} {
		var answer struct{ Webhooks []string }
		if h.call("POST", "/v1/events", c.event, &answer); fmt.Sprint(answer.Webhooks) != c.want {
			t.Errorf("%s goes to %v, want %s", c.event, answer.Webhooks, c.want)
		}
	}
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","tenant":"acme","region":"asia","data":{"paid":true}}`, nil)
	var d decided
	eventually(t, "two are delivered", func() bool {
		d = decided{}
		return h.call("GET", "/v1/events/e1", "", &d) == 200 && len(d.Attempts) == 2
	})
	for name, want := range map[string]string{
		"both": "true false delivered|a.*|data.paid|",
		"eu":   `false true |a.*||its match requires region "eu" or "us", and the event has "asia"`,
		"app":  `false true |a.*||its match requires source "/app", and the event has "sidehook"`,
		"five": `false true |a.*||its match requires n "5", and the event has no n`,
	} {
		if got := d.of(t, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, w := range d.Webhooks {
		if want := map[string]string{"both": "map[tenant:acme]"}[w.Webhook]; w.Match != nil && fmt.Sprint(w.Match) != want {
			t.Errorf("%s: match %v, want %s", w.Webhook, w.Match, want)
		}
	}
	// A resend goes past it, after the four that it was for.
	if code := h.call("POST", "/v1/events/e1/resend", `{"webhooks":["eu"]}`, nil); code != 202 {
		t.Errorf("resend: %d", code)
	}
	eventually(t, "it arrives", func() bool { return len(s.taken("/eu")) == 5 })
}

// A condition decides when the event is accepted: one that is false keeps it
// away, and one that fails makes a delivery that ends as failed, unsent, and can
// be resent past it.
func whenKey(t *testing.T) {
	s := newReceiver(t)
	webhooks := "webhooks:\n" + hook(s, "all", "") +
		hook(s, "paid", ", when: 'data.paid and amount > 5'") +
		hook(s, "open", ", when: 'not data.paid'") +
		hook(s, "fails", ", when: 'data.name > 5'")
	h := newHost(t, webhooks)
	var answer struct{ Webhooks []string }
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","amount":7,"data":{"paid":true,"name":"Ada"}}`, &answer)
	if want := "[all paid fails]"; fmt.Sprint(answer.Webhooks) != want {
		t.Errorf("goes to %v, want %s", answer.Webhooks, want)
	}
	var d decided
	eventually(t, "three deliveries end", func() bool {
		d = decided{}
		return h.call("GET", "/v1/events/e1", "", &d) == 200 && len(d.Attempts) == 3
	})
	for name, want := range map[string]string{
		"all":   "true false delivered|a.*||",
		"paid":  "true false delivered|a.*|data.paid and amount > 5|",
		"fails": "true false failed|a.*|data.name > 5|its condition failed: data.name > 5: a string and a number cannot be compared",
		"open":  "false true |a.*|not data.paid|its condition is false: not data.paid",
	} {
		if is := d.of(t, name); is != want {
			t.Errorf("%s: got %s, want %s", name, is, want)
		}
	}
	for _, a := range d.Attempts {
		if a.Webhook == "fails" && (a.Status != "failed" || a.Error != "when: data.name > 5: a string and a number cannot be compared" || !a.Unsent || a.Request != nil) {
			t.Errorf("its delivery: %+v", a)
		}
	}
	if len(s.taken("/fails")) != 0 || len(s.taken("/open")) != 0 || len(s.taken("/paid")) != 1 {
		t.Errorf("requests: %v, %v, %v", s.taken("/fails"), s.taken("/open"), s.taken("/paid"))
	}
	// A resend goes past conditions: one that failed, and one that was false.
	if code := h.call("POST", "/v1/events/e1/resend", `{"webhooks":["fails","open"]}`, nil); code != 202 {
		t.Errorf("resend: %d", code)
	}
	eventually(t, "both arrive", func() bool { return len(s.taken("/fails")) == 1 && len(s.taken("/open")) == 1 })
}

// The decision that was made when an event was accepted holds, whatever the condition is
// at the time of the delivery.
func TestDecisionOutlivesTheCondition(t *testing.T) {
	s := newReceiver(t)
	begun, release := make(chan struct{}, 1), make(chan struct{})
	s.answer(func(http.ResponseWriter, *http.Request) {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-release
	})
	h := newHost(t, "webhooks:\n"+hook(s, "one", ", concurrency: 1, when: 'data.name > 5'"))
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e0","data":{"name":7}}`, nil)
	<-begun // and holds back the next one
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","data":{"name":"Ada"}}`, nil)
	h.apply("webhooks:\n" + hook(s, "one", ", concurrency: 1"))
	close(release)
	var d decided
	eventually(t, "it has ended", func() bool {
		d = decided{}
		return h.call("GET", "/v1/events/e1", "", &d) == 200 && len(d.Attempts) == 1
	})
	if a := d.Attempts[0]; a.Status != "failed" || !strings.HasPrefix(a.Error, "when: ") || s.count("/one", "e1") != 0 {
		t.Errorf("got %+v", a)
	}
	if is, want := d.of(t, "one"), "true false failed|a.*||its condition failed: data.name > 5: a string and a number cannot be compared"; is != want {
		t.Errorf("got %s, want %s", is, want)
	}
}

// A transform makes the body; one that fails ends the delivery without a request.
func transformKey(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+
		hook(s, "chat", `, transform: '{"text": "New " + data.name, "n": data.n, "who": userId, "tenant": tenantid, "s": subject, "t": [type, source, id, time]}', format: cloudevents`)+
		hook(s, "whole", `, transform: 'data'`)+
		hook(s, "fails", `, transform: '"New " + data.nosuch'`))
	legacy := `{"cloudEventsVersion":"0.1","source":"s","eventType":"a.b","eventId":"e1","contentType":"application/json","eventTime":"2026-11-23T14:55:00Z","extensions":{"userId":{"u":1.10},"tenantId":"t","subject":"sub"},"data":{"name":"<App>","n":12345678901234567890}}`
	if code := h.call("POST", "/v1/events", legacy, nil); code != 202 {
		t.Fatalf("answer %d", code)
	}
	var d decided
	eventually(t, "three deliveries end", func() bool {
		d = decided{}
		return h.call("GET", "/v1/events/e1", "", &d) == 200 && len(d.Attempts) == 3
	})
	for path, want := range map[string]string{
		"/chat":  `{"n":12345678901234567890,"s":"sub","t":["a.b","s","e1","2026-11-23T14:55:00Z"],"tenant":"t","text":"New <App>","who":{"u":1.1}}`,
		"/whole": `{"n":12345678901234567890,"name":"<App>"}`,
	} {
		if list := s.taken(path); len(list) != 1 || list[0].body != want || list[0].header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %v, want %s", path, list, want)
		}
	}
	for _, a := range d.Attempts {
		if a.Webhook == "fails" && (a.Status != "failed" || a.Error != "transform: +: data.nosuch is missing or null" || !a.Unsent) {
			t.Errorf("got %+v", a)
		}
	}
	if list := s.taken("/fails"); len(list) != 0 {
		t.Errorf("sent %v", list)
	}
}

// An event of more than 64 KiB is too much for an expression, and for no other
// webhook.
func TestExpressionsTakeSmallEvents(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "all", "")+hook(s, "small", ", when: data.x")+hook(s, "body", ", transform: data.x"))
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","data":"`+strings.Repeat("x", 65_600)+`"}`, nil)
	var d decided
	eventually(t, "three deliveries end", func() bool {
		d = decided{}
		return h.call("GET", "/v1/events/e1", "", &d) == 200 && len(d.Attempts) == 3
	})
	for _, a := range d.Attempts {
		if a.Webhook != "all" && (a.Status != "failed" || !strings.Contains(a.Error, "an expression takes at most 65536")) {
			t.Errorf("got %+v", a)
		}
	}
	if len(s.taken("/all")) != 1 {
		t.Error("it did not arrive where nothing is asked of it")
	}
}
