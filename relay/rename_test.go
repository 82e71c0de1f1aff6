package relay_test

import (
	"fmt"
	"net/http"
	"testing"
)

// patient is a webhook whose deliveries wait for an hour once they have failed.
func patient(s *receiver, name, more string) string {
	return fmt.Sprintf("  - {name: %s, url: '%s/%s', events: ['a.*'], allow: [http, any-host, 127.0.0.0/8], retry: [1h, 1h, 1h, 1h]%s}\n", name, s.URL, name, more)
}

// fails has the receiver refuse these events and take all others.
func (s *receiver) fails(ids ...string) {
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		for _, id := range ids {
			if r.Header.Get("Sidehook-Event") == id {
				w.WriteHeader(500)
			}
		}
	})
}

// A delivery that waits under a former name is delivered under the new one, also after a
// restart, and after the name was changed back.
func wasKey(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	h.post("e1")
	h.post("e2")
	eventually(t, "an attempt each", func() bool { return s.count("/old", "e1") == 1 && s.count("/old", "e2") == 1 })
	h.settled()

	s.fails("e2")
	h.apply("webhooks:\n" + patient(s, "new", ", was: old"))
	eventually(t, "what waited is sent to the new name at once", func() bool { return s.count("/new", "e1") == 1 && s.count("/new", "e2") == 1 })
	h.settled()
	if got, want := states(h), "[{new active {1}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}

	// The former name is free again, and nothing is left there.
	h.apply("webhooks:\n" + patient(s, "new", "") + patient(s, "old", ""))
	h.post("e3")
	eventually(t, "both deliver what comes", func() bool { return s.count("/old", "e3") == 1 && s.count("/new", "e3") == 1 })
	h.settled()

	// Going back is another rename.
	s.fails()
	h.apply("webhooks:\n" + patient(s, "newest", ", was: new") + patient(s, "old", ""))
	eventually(t, "what is left arrives", func() bool { return s.count("/newest", "e2") == 1 })
	h.settled()
	if got := fmt.Sprint(s.count("/old", "e2"), s.count("/new", "e2"), s.count("/newest", "e2")); got != "1 1 1" {
		t.Errorf("attempts at e2: %s, want one under each name", got)
	}
}

// TestRenamedTwice: what waits goes along each time, and without its was a
// webhook has what was moved to it.
func TestRenamedTwice(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	h.post("e1")
	eventually(t, "an attempt", func() bool { return s.count("/old", "e1") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "mid", ", was: old"))
	h.post("e2")
	eventually(t, "an attempt each", func() bool { return s.count("/mid", "e1") == 1 && s.count("/mid", "e2") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "new", ", was: mid"))
	h.apply("webhooks:\n" + patient(s, "new", ""))
	if got, want := states(h), "[{new active {2}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
}

// TestRenamedWhileStopped: a rename that is made while no process runs is done
// at the start, in order and before what is accepted then.
func TestRenamedWhileStopped(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "a", ", order: all"))
	h.post("e1")
	h.post("e2")
	eventually(t, "an attempt", func() bool { return s.count("/a", "e1") == 1 })
	h.settled()
	h.end()
	s.fails()
	h.start("webhooks:\n" + patient(s, "b", ", was: a, order: all"))
	h.post("e3")
	eventually(t, "all arrive", func() bool { return len(s.taken("/b")) == 3 })
	var got []string
	for _, r := range s.taken("/b") {
		got = append(got, r.header.Get("Sidehook-Event")+" "+r.header.Get("Sidehook-Attempt")+r.header.Get("Sidehook-Resend"))
	}
	if want := "[e1 1 e2 1 e3 1]"; fmt.Sprint(got) != want {
		t.Errorf("arrived %v, want %s", got, want)
	}
}

// states are the webhooks, and how many deliveries wait for each.
func states(h *host) string {
	var list struct {
		Webhooks []struct {
			Name, State string
			Backlog     struct{ Events int }
		}
	}
	h.call("GET", "/v1/webhooks", "", &list)
	return fmt.Sprint(list.Webhooks)
}
