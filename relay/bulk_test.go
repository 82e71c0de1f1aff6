package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// problem is what a call was refused with.
type problem struct{ Detail string }

// TestResendBulk: what ended otherwise than delivered goes again, as resends
// and once, to its own webhook or to another one past what that asks for.
func TestResendBulk(t *testing.T) {
	s := newReceiver(t)
	var resends atomic.Int64
	broken := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/one" {
			w.WriteHeader(500)
		}
	}
	s.answer(broken)
	config := "webhooks:\n" + hook(s, "one", ", give_up_on: [500]") + strings.Replace(hook(s, "other", ""), "'a.*'", "'nothing.at.all'", 1)
	h := newHost(t, config)
	since := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	resend := func(keys string) (code, count int, detail string) {
		t.Helper()
		var answer struct {
			Count int
			problem
		}
		code = h.call("POST", "/v1/resend", fmt.Sprintf(`{"since":%q%s}`, since, keys), &answer)
		return code, answer.Count, answer.Detail
	}
	ended := func(n int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d have ended", n), func() bool {
			var page struct{ Deliveries []struct{} }
			h.call("GET", "/v1/deliveries?status=failed&webhook=one", "", &page)
			return len(page.Deliveries) == n
		})
	}
	for i := range 3 {
		h.post(fmt.Sprint("e", i))
	}
	ended(3)
	for name, c := range map[string]struct {
		keys   string
		code   int
		detail string
	}{
		"unknown webhook":  {`,"webhook":"nope"`, 404, `there is no webhook "nope" in the file; to send its deliveries to another webhook, add "to"`},
		"unknown receiver": {`,"webhook":"one","to":"nope"`, 422, `webhook "nope" is not in the file`},
		"no match":         {`,"webhook":"one","type":"x"`, 202, ""},
		"none gone":        {`,"webhook":"gone","to":"one"`, 202, ""},
	} {
		if code, count, detail := resend(c.keys); code != c.code || count != 0 || detail != c.detail {
			t.Errorf("%s: %d, %d, %q", name, code, count, detail)
		}
	}
	if code, count, _ := resend(`,"webhook":"one"`); code != 202 || count != 3 {
		t.Errorf("resend: %d, %d", code, count)
	}
	ended(6) // it fails again
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sidehook-Resend") == "true" && r.Header.Get("Sidehook-Attempt") == "1" {
			resends.Add(1)
		}
	})
	if code, count, _ := resend(`,"webhook":"one","to":"other"`); code != 202 || count != 3 {
		t.Errorf("resend to another: %d, %d", code, count)
	}
	if code, count, _ := resend(""); code != 202 || count != 3 {
		t.Errorf("resend of all: %d, %d", code, count)
	}
	eventually(t, "all arrive", func() bool { return resends.Load() == 6 })
	h.settled()
	h.end()
	h.start(config)
	for _, keys := range []string{"", `,"webhook":"one"`, `,"webhook":"one","to":"other"`} {
		if code, count, _ := resend(keys); code != 202 || count != 0 {
			t.Errorf("what has arrived is asked for again by %q: %d, %d", keys, code, count)
		}
	}
	for i := range 3 {
		if own, other := s.count("/one", fmt.Sprint("e", i)), s.count("/other", fmt.Sprint("e", i)); own != 3 || other != 1 {
			t.Errorf("e%d was sent %d times, and %d times to the other", i, own, other)
		}
	}
}

// TestResendOfWaiting makes that delivery due, and ends nothing that a receiver
// has asked for.
func TestResendOfWaiting(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	})
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	state := func() string {
		var hook struct{ State string }
		h.call("GET", "/v1/webhooks/one", "", &hook)
		return hook.State
	}
	h.post("e1")
	eventually(t, "it is throttled", func() bool { return state() == "throttled" })
	h.settled()
	var answer struct{ Hastened []string }
	if code := h.call("POST", "/v1/events/e1/resend", "", &answer); code != 202 || fmt.Sprint(answer.Hastened) != "[one]" {
		t.Errorf("resend: %d, %v", code, answer.Hastened)
	}
	if got := state(); got != "throttled" {
		t.Errorf("after a resend of what waits, it is %s", got)
	}
}
