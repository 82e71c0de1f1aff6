package relay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// oauth2Key: each request carries a token. A reload that does not change the webhook
// keeps it, and neither it nor the client's secret is in an answer or on the disk.
func oauth2Key(t *testing.T) {
	filesOnly(t) // looks for secrets in them
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
	err := filepath.WalkDir(filepath.Join(h.dir, "history"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		text += string(bytes.ToValidUTF8(data, nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{secret, "access-t0ken"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%s is shown", hidden)
		}
	}
}
