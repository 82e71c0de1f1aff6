package relay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/relay/api"
)

// waiting is a webhook for which one event, of the id before, waits for an hour,
// and a receiver that works again.
func waiting(t *testing.T) (*receiver, *host) {
	s, h := keyed(t, "description: ''")
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.post("before")
	eventually(t, "two attempts", func() bool { return s.count("/one", "before") == 2 })
	h.settled()
	s.answer(nil)
	return s, h
}

func (h *host) stands(name, state string, events int) {
	h.t.Helper()
	if w := h.standing(name); w.State != state || w.Backlog.Events != events {
		h.t.Errorf("it is %s with %d events, want %s with %d", w.State, w.Backlog.Events, state, events)
	}
}

// Events of the time when a webhook is off are not kept for it; what waits
// stops, over a restart, too, and goes on once it is on again.
func enabledKey(t *testing.T) {
	s, h := waiting(t)
	off := "webhooks:\n" + hook(s, "one", ", enabled: false")
	h.apply(off)
	h.post("off")
	h.call("POST", "/v1/webhooks/one/retry", "", nil)
	h.stands("one", "off", 1)
	h.end()
	h.start(off)
	h.stands("one", "off", 1)
	if n := s.count("/one", "before"); n != 2 {
		t.Errorf("%d requests, want the two before it was off", n)
	}
	h.apply("webhooks:\n" + hook(s, "one", ", enabled: true"))
	eventually(t, "what waited arrives", func() bool { return s.count("/one", "before") == 3 })
	h.settled()
	h.stands("one", "active", 0)
	if n := s.count("/one", "off"); n != 0 {
		t.Errorf("%d requests of an event of the time when it was off", n)
	}
}

// Events come and are kept for a webhook that is paused, over a restart, too,
// and are delivered once it is not.
func pausedKey(t *testing.T) {
	s, h := waiting(t)
	paused := "webhooks:\n" + hook(s, "one", ", paused: true")
	h.apply(paused)
	h.post("paused")
	h.call("POST", "/v1/webhooks/one/retry", "", nil)
	h.stands("one", "paused", 2)
	h.end()
	h.start(paused)
	h.stands("one", "paused", 2)
	if n := s.count("/one", "before") + s.count("/one", "paused"); n != 2 {
		t.Errorf("%d requests, want the two before it was paused", n)
	}
	h.apply("webhooks:\n" + hook(s, "one", ", paused: false"))
	eventually(t, "what waited arrives", func() bool { return s.count("/one", "before") == 3 && s.count("/one", "paused") == 1 })
	h.settled()
	h.stands("one", "active", 0)
}

// An attempt that takes longer ends, and its error names the setting.
func timeoutKey(t *testing.T) {
	s, h := keyed(t, "timeout: 1s")
	s.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	begun := time.Now()
	h.post("e1")
	if got, want := h.attempts("e1", 1), "retrying 0 no answer within timeout 1s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if took := time.Since(begun); took < time.Second {
		t.Errorf("it took %v", took)
	}
}

// One attempt more than there are waits, and the delivery is exhausted.
func retryKey(t *testing.T) {
	for waits, want := range map[string]string{
		"[]":           "exhausted 500 500 Internal Server Error",
		"[20ms, 40ms]": "retrying 500 500 Internal Server Error|retrying 500 500 Internal Server Error|exhausted 500 500 Internal Server Error",
	} {
		s := newReceiver(t)
		s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
		h := newHost(t, "webhooks:\n"+strings.Replace(hook(s, "one", ""), "[50ms, 1h]", waits, 1))
		h.post("e1")
		if got := h.attempts("e1", strings.Count(want, "|")+1); got != want {
			t.Errorf("%s: got %s, want %s", waits, got, want)
		}
		h.stands("one", "active", 0)
		for i, x := range s.taken("/one") {
			if wait := time.Duration(i) * 20 * time.Millisecond * 9 / 10; i > 0 && x.at.Sub(s.taken("/one")[i-1].at) < wait {
				t.Errorf("%s: wait %d is less than %v", waits, i, wait)
			}
			if got := x.header.Get("Sidehook-Attempt"); got != fmt.Sprint(i+1) {
				t.Errorf("%s: attempt %s, want %d", waits, got, i+1)
			}
		}
	}
}

func giveUpOnKey(t *testing.T) {
	s, h := keyed(t, "give_up_on: [400, 422]")
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) })
	h.post("e1")
	if got, want := h.attempts("e1", 1), "failed 422 422 Unprocessable Entity: status listed in give_up_on"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	h.stands("one", "active", 0)
}

// So many requests are in flight at once, and no more.
func concurrencyKey(t *testing.T) {
	s, h := keyed(t, "concurrency: 3")
	begun, release := make(chan bool, 9), make(chan bool)
	s.answer(func(http.ResponseWriter, *http.Request) { begun <- true; <-release })
	for i := range 9 {
		h.post(fmt.Sprint("e", i))
	}
	for range 3 {
		<-begun
	}
	if n := h.standing("one").InFlight; n != 3 || len(begun) > 0 {
		t.Errorf("%d are in flight, want 3", n)
	}
	close(release)
	eventually(t, "all arrive", func() bool { return len(s.taken("/one")) == 9 })
}

// The first come at once, the next when the second is over.
func rateKey(t *testing.T) {
	s, h := keyed(t, "rate: 5/s")
	begun := time.Now() // not when the first arrived, of which a busy receiver may be told late
	for i := range 6 {
		h.post(fmt.Sprint("e", i))
	}
	eventually(t, "all arrive", func() bool { return len(s.taken("/one")) == 6 })
	if took := s.taken("/one")[5].at.Sub(begun); took < 950*time.Millisecond {
		t.Errorf("six requests within %v", took)
	}
}

// A delivery that fails holds those after it: all, those of its key, or none.
func orderKey(t *testing.T) {
	for order, c := range map[string]struct{ goes, held []string }{
		"none":              {goes: []string{"same", "other", "keyless"}},
		"all":               {held: []string{"same", "other", "keyless"}},
		"{by: data.k}":      {[]string{"other", "keyless"}, []string{"same"}},
		"{by: data.k.gone}": {goes: []string{"same", "other", "keyless"}},
	} {
		s := newReceiver(t)
		s.fails("first")
		h := newHost(t, "webhooks:\n"+strings.Replace(hook(s, "one", ", order: "+order), "[50ms, 1h]", "[20ms, 20ms, 20ms]", 1))
		for _, event := range []string{`"first","data":{"k":"a"}`, `"same","data":{"k":"a"}`, `"other","data":{"k":"b"}`, `"keyless"`} {
			h.call("POST", "/v1/events", `{"type":"a.b","id":`+event+`}`, nil)
		}
		for _, id := range c.goes {
			eventually(t, id+" goes by "+order, func() bool { return s.count("/one", id) == 1 })
		}
		// Those that it holds come after its four attempts, in their order.
		eventually(t, "the others arrive", func() bool { return len(s.taken("/one")) == 4+3 })
		var last []string
		for _, x := range s.taken("/one") {
			if id := x.header.Get("Sidehook-Event"); id == "first" || slices.Contains(c.held, id) {
				last = append(last, id)
			}
		}
		if got, want := fmt.Sprint(last[4:]), fmt.Sprint(c.held); got != want {
			t.Errorf("%s: after the first came %s, want %s", order, got, want)
		}
	}
}

// ended are the errors of the deliveries that have expired, by webhook and
// event.
func (h *host) ended() map[string]string {
	h.t.Helper()
	var page struct{ Deliveries []api.Attempt }
	h.call("GET", "/v1/deliveries?status=expired", "", &page)
	all := map[string]string{}
	for _, a := range page.Deliveries {
		all[a.Webhook+" "+a.Event] = a.Error
	}
	return all
}

// An event that is older is not sent any more, also if it came before the key.
func expireAfterKey(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1")
	h := newHost(t, "webhooks:\n"+patient(s, "one", ", expire_after: 1s")+patient(s, "none", ""))
	h.post("e1")
	expires := func(name string) {
		t.Helper()
		want := "older than expire_after 1s: accepted "
		eventually(t, "it expires at "+name, func() bool { return strings.HasPrefix(h.ended()[name+" e1"], want) })
	}
	expires("one")
	h.stands("none", "active", 1)
	h.apply("webhooks:\n" + patient(s, "none", ", expire_after: 1s"))
	expires("none")
	h.stands("none", "active", 0)
}

// Above a size the oldest of what waits end, and above an age.
func maxBacklogKey(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "large", ", max_backlog: 1KiB")+patient(s, "old", ", max_backlog: 1s"))
	h.post("e1")
	h.call("POST", "/v1/events", fmt.Sprintf(`{"type":"a.b","id":"e2","data":%q}`, strings.Repeat("x", 640)), nil)
	var all map[string]string
	eventually(t, "three end", func() bool {
		all = h.ended()
		return len(all) == 3
	})
	for key, want := range map[string]string{
		"large e1": "the oldest of a backlog larger than max_backlog 1KiB: accepted ",
		"old e1":   "older than max_backlog 1s: accepted ",
		"old e2":   "older than max_backlog 1s: accepted ",
	} {
		if !strings.HasPrefix(all[key], want) {
			t.Errorf("%s: %q, want %q…", key, all[key], want)
		}
	}
	h.stands("large", "active", 1)
}
