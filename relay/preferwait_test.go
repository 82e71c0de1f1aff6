package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A request that prefers to wait is notified of the first attempts, and of what ends
// without one; it does not wait for a webhook that makes none.
func TestPreferWait(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bad":
			w.WriteHeader(500)
		case "/gone":
			w.WriteHeader(410)
		case "/slow":
			time.Sleep(50 * time.Millisecond)
		}
	})
	hook := func(name, events string) string {
		return fmt.Sprintf("  - {name: %[1]s, url: %[2]s/%[1]s, events: [%[3]s], signature: none, retry: [1h], allow: [http, any-host, 127.0.0.0/8]}\n", name, s.URL, events)
	}
	h := newHost(t, "webhooks:\n"+hook("slow", "a")+hook("bad", "a, f")+hook("gone", "a, c")+hook("late", "e")+
		strings.Replace(hook("off", "a"), "signature", "enabled: false, signature", 1))
	wait := func(body, want string) {
		t.Helper()
		begin := time.Now()
		status, answer, header := h.send(body, "Content-Type", "application/json", "Prefer", "wait=20")
		if answer != want || header.Get("Preference-Applied") != "wait=20" {
			t.Errorf("got %d %s, want %s", status, answer, want)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	}
	wait(`{"type":"a","id":"1"}`, `{"id":"1","webhooks":["slow","bad","gone"],"deliveries":[{"webhook":"slow","status":"delivered","code":200},`+
		`{"webhook":"bad","status":"retrying","code":500},{"webhook":"gone","status":"failed","code":410}]}`)
	wait(`{"type":"c","id":"2"}`, `{"id":"2","webhooks":["gone"],"deliveries":[{"webhook":"gone","status":"waiting"}]}`)
	wait(`{"type":"a","id":"1"}`, `{"id":"1","webhooks":["slow","bad","gone"],"duplicate":true,"deliveries":[]}`)
	// The fifth failure in a row of one makes it failing: its first attempts
	// come one by one then, and are not waited for.
	for _, id := range []string{"4", "5", "6", "7"} {
		wait(`{"type":"f","id":"`+id+`"}`, `{"id":"`+id+`","webhooks":["bad"],"deliveries":[{"webhook":"bad","status":"retrying","code":500}]}`)
	}
	wait(`{"type":"f","id":"8"}`, `{"id":"8","webhooks":["bad"],"deliveries":[{"webhook":"bad","status":"waiting"}]}`)
	wait(`{"type":"e","id":"9","expirytime":"2020-01-01T00:00:00Z"}`, `{"id":"9","webhooks":["late"],"deliveries":[{"webhook":"late","status":"expired"}]}`)
	wait(`{"type":"nobody","id":"3"}`, `{"id":"3","webhooks":[],"deliveries":[]}`)
}

// The attempts in the answer to a request that waited are in the history by then.
func TestPreferWaitRecorded(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "a", "")+hook(s, "b", ""))
	for n := range 20 {
		id := fmt.Sprint("e", n)
		if status, answer, _ := h.send(`{"type":"a.b","id":"`+id+`"}`, "Content-Type", "application/json", "Prefer", "wait=20"); status != http.StatusAccepted {
			t.Fatalf("got %d %s", status, answer)
		}
		var list struct{ Deliveries []struct{ Webhook string } }
		if h.call("GET", "/v1/deliveries?event="+id, "", &list); len(list.Deliveries) != 2 {
			t.Errorf("%s: the history has %v of two attempts", id, list.Deliveries)
		}
	}
}
