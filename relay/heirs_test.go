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

// Heirs deliver what waited under the former name; declared again, the
// former name takes up what is left, and its heir stops.
func wasKey(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	retry := func(name string) { h.call("POST", "/v1/webhooks/"+name+"/retry", "", nil) }
	h.post("e1")
	h.post("e2")
	eventually(t, "an attempt each", func() bool { return s.count("/old", "e1") == 1 && s.count("/old", "e2") == 1 })
	h.settled()

	s.fails("e2")
	h.apply("webhooks:\n" + patient(s, "new", ", was: old"))
	retry("new")
	eventually(t, "what waited arrives at the heir", func() bool { return s.count("/new", "e1") == 1 && s.count("/new", "e2") == 1 })
	h.settled()

	h.apply("webhooks:\n" + patient(s, "new", "") + patient(s, "old", ""))
	s.fails()
	retry("new")
	h.settled()
	if n := s.count("/new", "e2"); n != 1 {
		t.Errorf("the heir made %d attempts, want no more than the one ahead of the edit", n)
	}
	retry("old")
	eventually(t, "the former name delivers what is left", func() bool { return s.count("/old", "e2") == 2 })
	h.settled()
	h.post("e3")
	eventually(t, "both deliver what comes", func() bool { return s.count("/old", "e3") == 1 && s.count("/new", "e3") == 1 })
	h.settled()
	if n := s.count("/new", "e2"); n != 1 {
		t.Errorf("the heir delivered what had gone back: %d attempts", n)
	}

	// Gone again, another takes it over, and only that one.
	s.fails("e4")
	h.post("e4")
	eventually(t, "an attempt each", func() bool { return s.count("/old", "e4") == 1 && s.count("/new", "e4") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "new", ", was: old"))
	h.apply("webhooks:\n" + patient(s, "new", "") + patient(s, "newer", ", was: old"))
	s.fails()
	retry("newer")
	eventually(t, "the newest heir delivers", func() bool { return s.count("/newer", "e4") == 1 })
	retry("new")
	eventually(t, "the one before delivers its own", func() bool { return s.count("/new", "e4") == 2 })
	h.settled()
	if got := fmt.Sprint(s.count("/new", "e4"), s.count("/newer", "e4"), s.count("/old", "e4")); got != "2 1 1" {
		t.Errorf("attempts at e4: %s, want 2 1 1", got)
	}
}

// TestHeirsOfHeirs: renamed twice, a webhook delivers what waits under both former
// names. Without its was nothing is its own but what was accepted for it.
func TestHeirsOfHeirs(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2")
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	h.post("e1")
	eventually(t, "an attempt", func() bool { return s.count("/old", "e1") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "mid", ", was: old"))
	h.post("e2")
	eventually(t, "an attempt", func() bool { return s.count("/mid", "e2") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "new", ", was: mid"))
	if got, want := states(h), "[{new active {2}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
	h.apply("webhooks:\n" + patient(s, "new", ""))
	if got, want := states(h), "[{new active {0}} {mid orphaned {1}} {old orphaned {1}}]"; got != want {
		t.Errorf("without was: webhooks %s, want %s", got, want)
	}
}

// TestHeirsOverARestart: however often it was renamed, and though the file tells
// only of the last time, a webhook goes on with what waits under its former
// names. Where no entry has one of them any more it is gone.
func TestHeirsOverARestart(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1")
	h := newHost(t, "webhooks:\n"+patient(s, "a", ""))
	h.post("e1")
	eventually(t, "an attempt", func() bool { return s.count("/a", "e1") == 1 })
	h.settled()
	restart := func(webhooks string) {
		h.apply("webhooks:\n" + webhooks)
		h.end()
		h.start("webhooks:\n" + webhooks)
	}
	restart(patient(s, "b", ", was: a"))
	restart(patient(s, "c", ", was: b"))
	restart(patient(s, "d", ", was: c"))
	if got, want := states(h), "[{d active {1}}]"; got != want {
		t.Errorf("renamed: webhooks %s, want %s", got, want)
	}
	restart(patient(s, "d", ""))
	if got, want := states(h), "[{d active {0}} {a orphaned {1}}]"; got != want {
		t.Errorf("without was: webhooks %s, want %s", got, want)
	}
	restart(patient(s, "e", ", was: a") + patient(s, "d", ""))
	restart(patient(s, "a", "") + patient(s, "e", ""))
	if got, want := states(h), "[{a active {1}} {e active {0}}]"; got != want {
		t.Errorf("back: webhooks %s, want %s", got, want)
	}
	restart(patient(s, "e", ", was: a"))
	s.fails()
	h.call("POST", "/v1/webhooks/e/retry", "", nil)
	eventually(t, "what waited arrives", func() bool { return s.count("/e", "e1") == 1 })
	h.settled()
	restart(patient(s, "e", ""))
	if got, want := states(h), "[{e active {0}}]"; got != want {
		t.Errorf("delivered: webhooks %s, want %s", got, want)
	}
}

// TestHeirOfSeveral: a webhook that took over from one after the other goes on
// with what waits under the last of these names, though it comes first by its name.
func TestHeirOfSeveral(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1")
	h := newHost(t, "webhooks:\n"+patient(s, "b", ""))
	h.post("e1")
	eventually(t, "an attempt", func() bool { return s.count("/b", "e1") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "c", ", was: b"))
	s.fails("e2")
	h.call("POST", "/v1/webhooks/c/retry", "", nil)
	eventually(t, "what waited arrives", func() bool { return s.count("/c", "e1") == 1 })
	h.settled()
	h.apply("webhooks:\n" + patient(s, "a", ""))
	h.post("e2")
	eventually(t, "an attempt", func() bool { return s.count("/a", "e2") == 1 })
	h.settled()
	last := "webhooks:\n" + patient(s, "c", ", was: a")
	h.apply(last)
	h.end()
	h.start(last)
	s.fails()
	h.call("POST", "/v1/webhooks/c/retry", "", nil)
	eventually(t, "what waited under the last name arrives", func() bool { return s.count("/c", "e2") == 1 })
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
