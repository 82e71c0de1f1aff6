package relay_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStatuses has a row for each status that the call for events answers with.
// The tests of intake have the other causes of each, such as a disk that is too slow for
// 429.
func TestStatuses(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	start := func(listen string) *host {
		h := &host{t: t, dir: t.TempDir(), listen: listen}
		h.start("source: app\nevent_types: {a.b: x, c: x}\nwebhooks:\n" + hook(s, "one", ""))
		t.Cleanup(h.end)
		return h
	}
	open := start("http: '127.0.0.1:0', max_event_size: 1KiB")
	guarded := start("http: '127.0.0.1:0', token: s3cret")
	post := func(body string) func() (int, string, http.Header) {
		return func() (int, string, http.Header) { return open.send(body, "Content-Type", "application/json") }
	}
	as := func(contentType, body string) func() (int, string, http.Header) {
		return func() (int, string, http.Header) { return open.send(body, "Content-Type", contentType) }
	}
	port := func(h *host, method, path string, headers ...string) func() (int, string, http.Header) {
		return func() (int, string, http.Header) { return h.askPort(method, path, headers...) }
	}
	ce := func(id, more string) string {
		return `{"specversion":"1.0","source":"app","id":"` + id + `","type":"a.b"` + more + `}`
	}
	const batch = "application/cloudevents-batch+json"
	for _, row := range []struct {
		name string
		ask  func() (int, string, http.Header)
		want string // in the answer
	}{
		{"202", post(`{"type":"a.b","id":"1","data":1}`), `{"id":"1","webhooks":["one"]}`},
		{"202/batch", as(batch, "["+ce("2", "")+","+ce("3", "")+"]"), `{"events":[{"id":"2","webhooks":["one"]},{"id":"3","webhooks":["one"]}]}`},
		{"202/mixed batch", as(batch, "["+ce("2", "")+","+ce("4", "")+"]"), `{"events":[{"id":"2","webhooks":["one"],"duplicate":true},{"id":"4","webhooks":["one"]}]}`},
		{"202/twice in a request", as(batch, "["+ce("5", "")+","+ce("5", "")+"]"), `{"events":[{"id":"5","webhooks":["one"]},{"id":"5","webhooks":["one"],"duplicate":true}]}`},
		{"202/wanted by nobody", post(`{"type":"c","id":"6"}`), `{"id":"6","webhooks":[]}`},
		{"200", post(`{ "type": "a.b", "id": "1", "data": 1 }`), `{"id":"1","webhooks":["one"],"duplicate":true}`},
		{"200/batch", as(batch, "["+ce("2", "")+","+ce("4", "")+"]"), `{"events":[{"id":"2","webhooks":["one"],"duplicate":true},{"id":"4","webhooks":["one"],"duplicate":true}]}`},
		{"200/over a restart", func() (int, string, http.Header) {
			open.end()
			open.start("source: app\nevent_types: {a.b: x, c: x}\nwebhooks:\n" + hook(s, "one", ""))
			return post(`{"type":"a.b","id":"1","data":1}`)()
		}, `{"id":"1","webhooks":["one"],"duplicate":true}`},
		{"409", post(`{"type":"a.b","id":"1","data":2}`), `id \"1\" of source \"app\" was accepted before with other content`},
		{"409/batch", as(batch, "["+ce("7", "")+","+ce("2", `,"data":1`)+"]"), `"index":1`},
		{"400", post(`{`), "application/problem+json"},
		{"400/no valid event", as("application/cloudevents+json", ce("", "")), `id`},
		{"401", port(guarded, "POST", "/v1/events"), "token"},
		{"401/wrong", port(guarded, "GET", "/v1/webhooks", "Authorization", "Bearer s3cret2"), "token"},
		{"403", port(open, "GET", "/v1/webhooks"), "token"},
		{"403/from a page", port(open, "POST", "/v1/events", "Origin", "https://evil.example"), "another origin"},
		{"403/another host", port(open, "POST", "/v1/events", "Host", "evil.example"), "Host"},
		{"404", port(guarded, "GET", "/v1/nothing", "Authorization", "Bearer s3cret"), "the nearest is GET /v1/config"},
		{"405", port(guarded, "DELETE", "/v1/webhooks/one", "Authorization", "Bearer s3cret"), "use GET /v1/webhooks/{name}"},
		{"413", post(`{"type":"a.b","data":"` + strings.Repeat("x", 1<<10) + `"}`), "max_event_size, 1024 bytes"},
		{"413/request", as(batch, strings.Repeat(" ", 16<<10+1)), "16 times max_event_size"},
		{"415", as("text/plain", "hello"), "application/x-ndjson"},
		{"422", post(`{"type":"a.c"}`), `type \"a.c\" is not in event_types; did you mean \"a.b\"?`},
		{"422/nothing near", post(`{"type":"order.paid"}`), `type \"order.paid\" is not in event_types; correct it, or add it there`},
		{"422/own", post(`{"type":"sidehook.webhook.failing"}`), "sidehook"},
	} {
		t.Run(row.name, func(t *testing.T) {
			code, body, header := row.ask()
			problem := header.Get("Content-Type") == "application/problem+json"
			if answer := fmt.Sprint(header.Get("Content-Type"), body); fmt.Sprint(code) != row.name[:3] || !strings.Contains(answer, row.want) || problem != (code >= 400) {
				t.Errorf("got %d %s, want %s", code, answer, row.want)
			}
			if allow := header.Get("Allow"); (allow != "") != (code == 405) {
				t.Errorf("Allow %q", allow)
			}
		})
	}
	// Nothing that was refused, or repeated, is delivered.
	for i := range 5 {
		id := fmt.Sprint(i + 1)
		eventually(t, id+" arrives", func() bool { return s.count("/one", id) > 0 })
	}
	open.settled()
	if n := len(s.taken("/one")); n != 5 {
		t.Errorf("%d requests for 5 events", n)
	}
	t.Run("507", fullHistory)
	t.Run("503", deletedHistory)
}

// askPort calls the relay by its port, with headers as names and values in turn.
func (h *host) askPort(method, path string, headers ...string) (int, string, http.Header) {
	h.t.Helper()
	req, _ := http.NewRequest(method, "http://"+h.port+path, strings.NewReader(`{"type":"a.b"}`))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), resp.Header
}

// A history that is deleted ends the process instead of acknowledging into nothing.
func deletedHistory(t *testing.T) {
	filesOnly(t)
	for name, lose := range map[string]func(dir string) error{
		"deleted": os.RemoveAll,
		"moved":   func(dir string) error { return os.Rename(dir, dir+".old") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := newProcess(t, dir, "webhooks: []\n")
			cmd := p.launchHere()
			if code := p.post("before"); code != 202 {
				t.Fatalf("answer %d", code)
			}
			if err := lose(filepath.Join(dir, "history")); err != nil {
				t.Fatal(err)
			}
			if code := p.post("after"); code != 503 {
				t.Errorf("answer %d, want 503", code)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the process lives on")
			}
			if code := cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
		})
	}
}
