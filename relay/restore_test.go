package relay_test

import (
	"net/http"
	"testing"
	"time"
)

// TestRateOverARestart: of a webhook that may make one request a minute none
// comes for as long as the last one of the process before counts. Others are
// not held up.
func TestRateOverARestart(t *testing.T) {
	s := newReceiver(t)
	webhooks := "webhooks:\n" + hook(s, "paced", ", rate: 1/m") + hook(s, "free", "")
	h := newHost(t, webhooks)
	h.post("e1")
	eventually(t, "e1 arrives", func() bool { return s.count("/paced", "e1") == 1 && s.count("/free", "e1") == 1 })
	h.settled()
	h.post("e2")
	h.end()
	h.start(webhooks)
	h.post("e3")
	eventually(t, "the other one goes on", func() bool { return s.count("/free", "e2") == 1 && s.count("/free", "e3") == 1 })
	time.Sleep(50 * time.Millisecond)
	if got := s.taken("/paced"); len(got) != 1 {
		t.Errorf("%d requests, of which the last is %v after the first; want one", len(got), got[len(got)-1].at.Sub(got[0].at))
	}
}

// TestRateOverAKill: so it is where the last request was in flight, and no line
// tells of it.
func TestRateOverAKill(t *testing.T) {
	filesOnly(t)
	if testing.Short() {
		t.Skip("starts processes")
	}
	s := newReceiver(t)
	released := make(chan struct{})
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/paced" {
			<-released
		}
	})
	defer close(released)
	p := newProcess(t, t.TempDir(), "webhooks:\n"+hook(s, "paced", ", rate: 1/m")+hook(s, "free", ""))
	cmd := p.launch()
	p.post("e1")
	eventually(t, "e1 is under way", func() bool { return s.count("/paced", "e1") == 1 && s.count("/free", "e1") == 1 })
	cmd.Process.Kill()
	cmd.Wait()
	cmd = p.launch()
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	p.post("e2")
	eventually(t, "the other one goes on", func() bool { return s.count("/free", "e2") == 1 })
	time.Sleep(50 * time.Millisecond)
	if got := s.taken("/paced"); len(got) != 1 {
		t.Errorf("%d requests, want one", len(got))
	}
}

// TestStandingOverARestart: what is notified of a webhook's attempts is not
// forgotten with the process.
func TestStandingOverARestart(t *testing.T) {
	s := newReceiver(t)
	s.fails("e3")
	webhooks := "webhooks:\n" + patient(s, "some", "") + patient(s, "unused", ", paused: true")
	h := newHost(t, webhooks)
	for _, id := range []string{"e1", "e2", "e3"} {
		h.post(id)
		eventually(t, id+" arrives", func() bool { return s.count("/some", id) == 1 })
		h.settled()
	}
	before := h.standing("some")
	h.end()
	h.start(webhooks)
	got := h.standing("some")
	if got.LastSuccess.Sub(before.LastSuccess).Abs() > time.Second || got.LastError != "500 Internal Server Error" {
		t.Errorf("the last success is of %v, want %v; the last error %q", got.LastSuccess, before.LastSuccess, got.LastError)
	}
	eventually(t, "the last hour is told", func() bool { return h.standing("some").LastHour == before.LastHour })
	h.post("e4")
	eventually(t, "it counts on", func() bool { return h.standing("some").LastHour.Delivered == before.LastHour.Delivered+1 })
	if unused := h.standing("unused"); !unused.LastSuccess.IsZero() || unused.LastError != "" || unused.LastHour.Failed > 0 {
		t.Errorf("without an attempt %+v", unused)
	}
}
