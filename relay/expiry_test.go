package relay_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/history"
)

// ended are the errors of the deliveries that have expired, by webhook and
// event.
func (h *host) ended() map[string]string {
	h.t.Helper()
	reading, err := history.Read(h.dir + "/history")
	if err != nil {
		h.t.Fatal(err)
	}
	defer reading.Close()
	all := map[string]string{}
	if err := reading.Outcomes(func(o *history.Outcome) bool {
		if o.Status == history.Expired {
			all[o.Webhook+" "+o.Event] = o.Error
		}
		return true
	}); err != nil {
		h.t.Fatal(err)
	}
	return all
}

// TestExpiry follows expire_after and max_backlog from the file into the
// history, for webhooks to which nothing can be delivered.
func TestExpiry(t *testing.T) {
	s := newReceiver(t)
	s.fails("e1", "e2", "e3")
	const keys = ", expire_after: 1s"
	h := newHost(t, "webhooks:\n"+patient(s, "none", "")+patient(s, "old", keys)+patient(s, "large", ", max_backlog: 1KiB"))
	h.post("e1")
	big := fmt.Sprintf(`{"type":"a.b","id":"e2","data":%q}`, strings.Repeat("x", 500))
	if code := h.call("POST", "/v1/events", big, nil); code != 202 {
		t.Fatal(code)
	}
	var all map[string]string
	eventually(t, "both are seen to end", func() bool {
		all = h.ended()
		return len(all) == 3
	})
	for key, want := range map[string]string{
		"old e1":   "older than expire_after 1s: accepted ",
		"old e2":   "older than expire_after 1s: accepted ",
		"large e1": "the oldest of a backlog larger than max_backlog 1KiB: accepted ",
	} {
		if !strings.HasPrefix(all[key], want) {
			t.Errorf("%s: %q, want %q…", key, all[key], want)
		}
	}
	var list struct {
		Webhooks []struct {
			Name       string
			Expire     string `json:"expire_after"`
			MaxBacklog string `json:"max_backlog"`
			Backlog    struct{ Events int }
		}
	}
	h.call("GET", "/v1/webhooks", "", &list)
	if got, want := fmt.Sprint(list.Webhooks), "[{none   {2}} {old 1s  {0}} {large  1KiB {1}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
	// An edit takes effect on what waits.
	h.apply("webhooks:\n" + patient(s, "none", keys))
	eventually(t, "the others end as well", func() bool { return len(h.ended()) == 5 })
}
