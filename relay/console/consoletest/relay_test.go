package consoletest_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestRelay delivers, has a history, takes edits up and starts again where it was.
func TestRelay(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	r := consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + receiver.Hook("one", ""), Attempts: 2000, SegmentSize: 128 << 10})
	r.Post(`{"type":"a.b","id":"e1"}`)
	consoletest.Eventually(t, "a delivery", func() bool { return len(receiver.Taken("/one")) == 1 })
	r.Save("webhooks:\n" + receiver.Hook("two", ""))
	names := func() string {
		var list struct{ Webhooks []struct{ Name string } }
		r.Call("GET", "/v1/webhooks", "", &list)
		return fmt.Sprint(list.Webhooks)
	}
	consoletest.Eventually(t, "the edit is in force", func() bool { return strings.HasPrefix(names(), "[{two} {webhook-0}") })
	port := r.Port
	r.Restart(nil)
	var list struct {
		Deliveries []struct{ Webhook string }
	}
	r.Call("GET", "/v1/deliveries?webhook=webhook-3&limit=5", "", &list)
	if got := fmt.Sprint(list.Deliveries); got == "[]" {
		t.Errorf("no attempts of the generated history: %s", got)
	}
	if got := names(); !strings.HasPrefix(got, "[{two}") || r.Port != port {
		t.Errorf("after a restart %s on port %s, want two on %s", got, r.Port, port)
	}
}
