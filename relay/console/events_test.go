package console_test

import (
	"net/http"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestEvents: what was accepted, also what nobody wanted, and what became of it; the filter
// is in the address.
func TestEvents(t *testing.T) {
	r, _ := withAttempts(t)
	r.Post(`{"specversion":"1.0","id":"n1","source":"s","type":"nobody.wants"}`)
	r.Settled()
	for path, want := range map[string][]string{
		"/events":                                {"n1", "e2", "e1", "e0"},
		"/events?matched=false":                  {"n1"},
		"/events?matched=true":                   {"e2", "e1", "e0"},
		"/events?waiting=true":                   nil,
		"/events?waiting=false&type=a.*":         {"e2", "e1", "e0"},
		"/events?webhook=bad":                    {"e1"},
		"/events?type=a.t2":                      {"e2"},
		"/events?until=1h":                       nil,
		"/events?since=1h&type=&webhook=&until=": {"n1", "e2", "e1", "e0"},
	} {
		rows := rowsOf(get(t, r, path, http.StatusOK))
		for i := range rows {
			if len(rows) != len(want) || !strings.Contains(rows[i], want[i]) {
				t.Errorf("%s lists %q, want %q", path, rows, want)
				break
			}
		}
		if len(rows) != len(want) {
			t.Errorf("%s lists %d rows, want %d", path, len(rows), len(want))
		}
	}
	rows := rowsOf(get(t, r, "/events", http.StatusOK))
	if !strings.Contains(rows[0], "no webhook wanted it") || !strings.Contains(rows[2], "bad ■ failed good ● delivered") {
		t.Errorf("the rows say %q and %q", rows[0], rows[2])
	}
	for param, want := range map[string]string{"matched=maybe": "true or false", "type=a*": "whole words", "cursor=b1": "no cursor"} {
		if page := get(t, r, "/events?"+param, http.StatusOK); !strings.Contains(texts(page), want) || len(rowsOf(page)) > 0 {
			t.Errorf("with %s the page does not say %q", param, want)
		}
	}
}

// TestLiveEvents: an open page hears of new events, and of what became of those it shows.
func TestLiveEvents(t *testing.T) {
	r, receiver := withAttempts(t)
	all := news(t, r, "/events", 0)
	if got := len(rowsOf(all.Rows)); got < 3 {
		t.Errorf("from the beginning there are %d rows, want 3", got)
	}
	held := make(chan struct{})
	receiver.Answer("/good", func(http.ResponseWriter, *http.Request) { <-held })
	r.Post(`{"specversion":"1.0","id":"e9","source":"s","type":"a.t9"}`)
	consoletest.Eventually(t, "the new event comes", func() bool {
		rows := rowsOf(news(t, r, "/events", all.Newest).Rows)
		return len(rows) > 0 && strings.Contains(rows[0], "e9") && strings.Contains(rows[0], "good ○ waiting")
	})
	now := news(t, r, "/events", all.Newest).Newest
	close(held)
	consoletest.Eventually(t, "what became of it comes", func() bool {
		rows := rowsOf(news(t, r, "/events", now).Rows)
		return len(rows) > 0 && strings.Contains(rows[0], "e9") && strings.Contains(rows[0], "good ● delivered")
	})
}
