package consoletest_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestBulkResend: the deliveries that match are counted, the sentence says what will
// happen, and the bar of what was begun survives a reload, another tab and a restart of
// the relay.
func TestBulkResend(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	const events = 30
	var again atomic.Bool
	held := make(chan struct{}) // closed: the receiver answers
	s.receiver.Answer("/one", func(_ http.ResponseWriter, r *http.Request) {
		if !again.Load() {
			return
		}
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	s.Relay = consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + s.entry("one", "'a.*'", ", retry: [], concurrency: 4")})
	for i := range events {
		s.Post(fmt.Sprintf(`{"type":"a.b","id":"e%d"}`, i))
	}
	consoletest.Eventually(t, "all are delivered", func() bool {
		var list struct{ Deliveries []struct{ Status string } }
		s.Call("GET", "/v1/deliveries?status=delivered&limit=100", "", &list)
		return len(list.Deliveries) == events
	})
	again.Store(true)

	tab := s.signedIn(t)
	s.open(t, tab, "/resend")
	tab.Fill("[name=since]", "1h")
	consoletest.Eval[string](tab, `document.querySelector("[name=status]").value = "delivered"`)
	tab.ClickText("main button", "Count")
	tab.WaitText("#count", fmt.Sprintf("%d deliveries", events))
	tab.Screenshot("resend-counted")
	tab.ClickText("main button", fmt.Sprintf("Resend %d", events))
	tab.WaitText("#progress", fmt.Sprintf("of %d have ended", events))
	at := consoletest.Eval[string](tab, "location.pathname + location.search")
	tab.Reload()
	tab.WaitText("#progress", fmt.Sprintf("of %d have ended", events))
	tab.Screenshot("resend-running")
	another := tab.Another()
	s.open(t, another, at)
	another.WaitText("#progress", fmt.Sprintf("of %d have ended", events))
	close(held)
	for _, tab := range []*consoletest.Tab{tab, another} {
		tab.WaitText("#progress", fmt.Sprintf("All %d have ended", events))
	}
	if got := len(s.receiver.Taken("/one")); got != 2*events {
		t.Errorf("the receiver got %d requests, want %d and each again", got, 2*events)
	}
	tab.Screenshot("resend-done")
}
