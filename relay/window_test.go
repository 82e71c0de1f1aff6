package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestRepeatWindow: an event is known among the last 100,000, however old it is, also
// after a restart, and on either engine.
func TestRepeatWindow(t *testing.T) {
	const window = 100_000
	h := newHost(t, "webhooks: []\n")
	want := func(when, id string, status int) {
		t.Helper()
		if got := h.post(id); got != status {
			t.Errorf("%s: %s got %d, want %d", when, id, got, status)
		}
	}
	want("at first", "first", http.StatusAccepted)
	for n := 1; n < window; {
		var lines strings.Builder
		for ; n < window && lines.Len() < 1<<20; n++ {
			fmt.Fprintf(&lines, "{\"type\":\"a.b\",\"id\":\"%d\"}\n", n)
		}
		if status, body, _ := h.send(lines.String(), "Content-Type", "application/x-ndjson"); status != http.StatusAccepted {
			t.Fatalf("got %d %.200s", status, body)
		}
	}
	want("as the oldest of the window", "first", http.StatusOK)
	h.end()
	h.start("webhooks: []\n")
	want("after a restart", "first", http.StatusOK)
	if status, body, _ := h.send(`{"type":"another","id":"first"}`, "Content-Type", "application/json"); status != http.StatusConflict {
		t.Errorf("with another content: got %d %s", status, body)
	}
	want("the next one", "last", http.StatusAccepted)
	want("after the window", "first", http.StatusAccepted)
	want("in the window again", "first", http.StatusOK)
}
