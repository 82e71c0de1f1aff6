package client_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

// TestSilentRelay: a relay that takes connections and never answers is given up after
// 5 seconds, and a call that may take longer is not.
func TestSilentRelay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	relay, err := client.Connect(t.Context(), client.Options{HTTP: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		relay *client.Client
		want  time.Duration
		says  string
	}{
		"a call":             {relay, 5 * time.Second, "within 5s"},
		"with its own limit": {relay.Within(100 * time.Millisecond), 100 * time.Millisecond, "within 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			_, err := c.relay.Config(t.Context())
			if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "takes connections but has not answered "+c.says) || took < c.want || took > c.want+2*time.Second {
				t.Errorf("after %v: %v", took, err)
			}
		})
	}
	t.Run("with a longer limit", func(t *testing.T) {
		t.Parallel()
		slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(100 * time.Millisecond)
			io.WriteString(w, `{"canceled": 3}`)
		}))
		defer slow.Close()
		relay, err := client.Connect(t.Context(), client.Options{HTTP: slow.Listener.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := relay.Cancel(t.Context(), api.CancelRequest{Webhook: "a"}); err != nil || answer.Count != 3 {
			t.Errorf("got %+v, %v", answer, err)
		}
	})
}
