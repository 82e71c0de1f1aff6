package relay_test

import (
	"net/http"
	"testing"

	"sidehook/relay/api"
)

// TestSuccess: the last hour of a webhook and its statistics count the same: what has
// ended, also without an attempt, and not what is retried or a test. A restart changes
// nothing.
func TestSuccess(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sidehook-Event") {
		case "arrives":
		case "is-refused":
			w.WriteHeader(400)
		default:
			w.WriteHeader(500)
		}
	})
	webhooks := "webhooks:\n" + patient(s, "one", ", give_up_on: [400]")
	h := newHost(t, webhooks)
	for _, id := range []string{"arrives", "is-refused", "is-canceled", "waits"} {
		h.post(id)
		eventually(t, id+" is attempted", func() bool { return s.count("/one", id) == 1 })
		h.settled()
	}
	h.call("POST", "/v1/webhooks/one/test", "", nil)
	h.call("POST", "/v1/cancel", `{"event": "is-canceled"}`, nil)
	check := func(when string) {
		t.Helper()
		var w api.Webhook
		eventually(t, when+": a last hour", func() bool {
			h.call("GET", "/v1/webhooks/one", "", &w)
			return w.LastHour.GivenUp == 2
		})
		if w.LastHour.Delivered != 1 || w.LastHour.SuccessRate() == nil || *w.LastHour.SuccessRate() != 1./3 {
			t.Errorf("%s: the last hour is %+v", when, w.LastHour)
		}
		if w.LastError != "500 Internal Server Error" || w.LastErrorAt.IsZero() {
			t.Errorf("%s: the last error is %q at %v", when, w.LastError, w.LastErrorAt)
		}
		var answer api.Stats
		h.call("GET", "/v1/stats", "", &answer)
		if len(answer.Stats) != 1 {
			t.Fatalf("%s: %+v", when, answer)
		}
		if x := answer.Stats[0]; x.Delivered != 1 || x.GivenUp != 2 || x.Waiting != 1 || x.Events != 4 || *x.SuccessRate != 1./3 {
			t.Errorf("%s: the statistics are %+v", when, x)
		}
	}
	check("running")
	h.end()
	h.start(webhooks)
	check("after a restart")
}
