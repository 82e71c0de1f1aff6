package relay_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// fullHistory: the backlog of one webhook fills max_size. Events are refused, and the list
// of webhooks shows which one keeps the history. Once that webhook has got its deliveries,
// events are accepted again. Nothing is lost, and nothing is sent twice.
func fullHistory(t *testing.T) {
	s := newReceiver(t)
	var down atomic.Bool
	down.Store(true)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() && r.URL.Path == "/slow" {
			w.WriteHeader(http.StatusGone) // which disables it
		}
	})
	h := newHost(t, "history: {max_size: 16MiB}\nwebhooks:\n"+hook(s, "quick", "")+hook(s, "slow", ""))
	data := noise(400 << 10)
	var detail struct{ Detail string }
	var accepted []string
	post := func() int {
		id := fmt.Sprint("e", len(accepted))
		code := h.call("POST", "/v1/events", fmt.Sprintf(`{"type":"a.b","id":%q,"data":{"x":%q}}`, id, data), &detail)
		if code == 202 {
			accepted = append(accepted, id)
		}
		return code
	}
	post()
	eventually(t, "it is disabled", func() bool { return s.count("/slow", "e0") == 1 && s.count("/quick", "e0") == 1 })
	for len(accepted) < 60 && post() == 202 {
	}
	if n := len(accepted); n < 30 || n > 42 {
		t.Fatalf("%d events were accepted into 16 MiB", n)
	}
	if code := post(); code != 507 || !strings.HasPrefix(detail.Detail, "no room left for the history: history.max_size, 16.0 MiB") || !strings.Contains(detail.Detail, `"slow"`) {
		t.Errorf("answer %d %q", code, detail.Detail)
	}
	var list struct {
		Webhooks []struct {
			Name, Why string
			Holds     int64 `json:"holds_history_bytes"`
		}
	}
	h.call("GET", "/v1/webhooks", "", &list)
	for _, w := range list.Webhooks {
		if held := w.Holds > 12<<20; held != (w.Name == "slow") || held != strings.Contains(w.Why, "MiB of the history, which is full") {
			t.Errorf("%+v", w)
		}
	}
	for _, id := range accepted {
		eventually(t, id+" reaches the other webhook", func() bool { return s.count("/quick", id) == 1 })
	}
	down.Store(false)
	if code := h.call("POST", "/v1/webhooks/slow/enable", "", nil); code >= 300 {
		t.Fatalf("enable: %d", code)
	}
	eventually(t, "events are accepted again", func() bool { return post() == 202 })
	for _, id := range accepted {
		eventually(t, id+" arrives", func() bool { return s.count("/slow", id) > 0 })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if n != 1 && key != "/slow e0" {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}

// noise returns text that a database cannot compress.
func noise(size int) string {
	text := make([]byte, 3*size/4)
	_, _ = rand.NewChaCha8([32]byte{}).Read(text)
	return base64.StdEncoding.EncodeToString(text)
}
