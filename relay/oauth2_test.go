package relay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// oauth2Key: each request carries a token. A reload that does not change the webhook
// keeps it, and neither it nor the client's secret is in an answer or in the history.
func oauth2Key(t *testing.T) {
	const secret = "client-s3cret-client-s3cret"
	var fetches atomic.Int32
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			fmt.Fprintf(w, `{"access_token":"access-t0ken-%d","token_type":"Bearer","expires_in":3600}`, fetches.Add(1))
			return
		}
		w.Header().Set("X-Echo", r.Header.Get("Authorization")+secret)
		if r.Header.Get("Authorization") != "Bearer access-t0ken-1" {
			w.WriteHeader(401)
		}
	})
	webhooks := "webhooks:\n" + hook(s, "one", fmt.Sprintf(", oauth2: {token_url: '%s/token', client_id: me, client_secret: %s}", s.URL, secret))
	h := newHost(t, webhooks)
	h.post("e1")
	h.attempts("e1", 1)
	h.apply("# the same\n" + webhooks)
	h.post("e2")
	for _, id := range []string{"e1", "e2"} {
		if got := h.attempts(id, 1); got != "delivered 200" {
			t.Errorf("%s: got %q", id, got)
		}
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d tokens were fetched, want 1", n)
	}
	h.settled()
	text := h.scrape()
	for _, path := range []string{"/v1/webhooks", "/v1/events/e1", "/v1/deliveries", "/v1/config"} {
		var answer json.RawMessage
		h.call("GET", path, "", &answer)
		text += string(answer)
	}
	if !strings.Contains(text, `"Authorization":"***"`) || !strings.Contains(text, `"client_secret":"***"`) {
		t.Errorf("there is no ***: %s", text)
	}
	text += h.stored()
	for _, hidden := range []string{secret, "access-t0ken"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%s is shown", hidden)
		}
	}
}
