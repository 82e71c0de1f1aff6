package console_test

import (
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestLastDay: the list and the page of a webhook show how its last day went. It may take
// longer than the page, which then hears of it.
func TestLastDay(t *testing.T) {
	r, _ := withAttempts(t)
	consoletest.Eventually(t, "the list has the last day", func() bool {
		return strings.Contains(get(t, r, "/", http.StatusOK), "Last 24 hours: 3 delivered, 0 failed")
	})
	list := get(t, r, "/", http.StatusOK)
	if !strings.Contains(list, "Last 24 hours: 0 delivered, 1 failed") || strings.Contains(list, "counting") {
		t.Errorf("the list is %s", list)
	}
	for webhook, want := range map[string]string{
		"good": "3 delivered, 0 failed, 0 given up; at most 3 an hour; success 100%",
		"bad":  "0 delivered, 1 failed, 1 given up; at most 1 an hour; success 0%",
	} {
		if about := news(t, r, "/webhooks/"+webhook, 0).Parts["about"]; !strings.Contains(about, want) {
			t.Errorf("%s says %s, want %q", webhook, texts(about), want)
		}
	}
}
