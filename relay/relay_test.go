package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/relay"
)

// receiver counts what arrives, by path and event.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	got   map[string]int
	reply func(w http.ResponseWriter, r *http.Request)
}

func newReceiver(t *testing.T) *receiver {
	s := &receiver{got: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		s.got[r.URL.Path+" "+r.Header.Get("Sidehook-Event")]++
		reply := s.reply
		s.mu.Unlock()
		if reply != nil {
			reply(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *receiver) answer(reply func(w http.ResponseWriter, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = reply
}

func (s *receiver) count(path, event string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[path+" "+event]
}

// host runs relays one after the other on one folder.
type host struct {
	t    *testing.T
	dir  string
	r    *relay.Relay
	stop context.CancelFunc
	done chan error
}

func newHost(t *testing.T, webhooks string) *host {
	h := &host{t: t, dir: t.TempDir()}
	h.start(webhooks)
	t.Cleanup(h.end)
	return h
}

func (h *host) load(webhooks string) *config.File {
	h.t.Helper()
	path := filepath.Join(h.dir, "webhooks.yaml")
	text := "listen: {http: off, socket: s}\n" + webhooks
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	file, err := config.Load(path, config.Run)
	if err != nil {
		h.t.Fatal(err)
	}
	return file
}

func (h *host) start(webhooks string) {
	h.t.Helper()
	opened := make(chan struct{})
	r, err := relay.New(h.load(webhooks), relay.Options{
		Log: slog.New(slog.DiscardHandler), Version: "test", Opened: func([]net.Addr) { close(opened) },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.r, h.stop, h.done = r, stop, make(chan error, 1)
	go func() { h.done <- r.Run(ctx) }()
	<-opened
}

func (h *host) end() {
	h.stop()
	if err := <-h.done; err != nil {
		h.t.Errorf("run: %v", err)
	}
	h.done <- nil
}

func (h *host) apply(webhooks string) {
	h.t.Helper()
	if err := h.r.Apply(h.load(webhooks)); err != nil {
		h.t.Fatal(err)
	}
}

// call speaks to the relay over its socket.
func (h *host) call(method, path, body string, answer any) int {
	h.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(h.dir, "s"))
	}}}
	req, _ := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			h.t.Errorf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode
}

// settled returns once no request is under way.
func (h *host) settled() {
	h.t.Helper()
	eventually(h.t, "nothing is under way", func() bool {
		var list struct {
			Webhooks []struct {
				InFlight int `json:"in_flight"`
			}
		}
		h.call("GET", "/v1/webhooks", "", &list)
		for _, w := range list.Webhooks {
			if w.InFlight > 0 {
				return false
			}
		}
		return true
	})
}

func (h *host) post(id string) int {
	return h.call("POST", "/v1/events", fmt.Sprintf(`{"type":"a.b","id":%q}`, id), nil)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func hook(s *receiver, name, more string) string {
	return fmt.Sprintf("  - {name: %s, url: '%s/%s', events: ['a.*'], allow: [http, any-host, 127.0.0.0/8], retry: [50ms, 1h]%s}\n", name, s.URL, name, more)
}

func TestDeliversAndResends(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	if code := h.post("e1"); code != 202 {
		t.Fatalf("answer %d", code)
	}
	eventually(t, "e1 arrives", func() bool { return s.count("/one", "e1") == 1 })
	var story struct {
		Webhooks []struct{ Webhook, Glob, Status string }
		Attempts []struct {
			Kind, Status string
			Code         int
			Request      struct {
				URL     string
				Headers map[string]string
			}
		}
	}
	eventually(t, "its attempt stands in the history", func() bool {
		return h.call("GET", "/v1/events/e1", "", &story) == 200 && len(story.Attempts) == 1
	})
	if w := story.Webhooks[0]; w.Webhook != "one" || w.Glob != "a.*" || w.Status != "delivered" {
		t.Errorf("why: %+v", w)
	}
	a := story.Attempts[0]
	if a.Kind != "attempt" || a.Status != "delivered" || a.Code != 200 {
		t.Errorf("attempt: %+v", a)
	}
	sent := a.Request.Headers
	if a.Request.URL != s.URL+"/one" || sent["User-Agent"] != "sidehook/test" || sent["Sidehook-Event"] != "e1" ||
		sent["Sidehook-Attempt"] != "1" || sent["webhook-id"] != "e1" || sent["webhook-timestamp"] == "" {
		t.Errorf("its request: %+v", a.Request)
	}
	if code := h.call("POST", "/v1/events/e1/resend", "", nil); code != 202 {
		t.Errorf("resend: %d", code)
	}
	eventually(t, "e1 arrives again", func() bool { return s.count("/one", "e1") == 2 })
	if code := h.call("POST", "/v1/events/e1/resend", `{"webhooks":["gone"]}`, nil); code != 422 {
		t.Errorf("resend to one that is gone: %d", code)
	}
	h.call("POST", "/v1/events", `{"type":"z","id":"z1"}`, nil)
	var problem struct{ Detail string }
	if code := h.call("POST", "/v1/events/z1/resend", `{"all":true}`, &problem); code != 422 || !strings.HasPrefix(problem.Detail, "it was accepted for no webhook") {
		t.Errorf("resend to all of none: %d, %s", code, problem.Detail)
	}
	if code := h.call("POST", "/v1/events/nope/resend", "", nil); code != 404 {
		t.Errorf("resend of an unknown event: %d", code)
	}
}

// TestResendHastens makes a delivery that waits due now instead of a second one.
func TestResendHastens(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	eventually(t, "two attempts", func() bool { return s.count("/one", "e1") == 2 })
	s.answer(nil)
	h.settled()
	var answer struct{ Webhooks, Hastened []string }
	h.call("POST", "/v1/events/e1/resend", "", &answer)
	eventually(t, "the waiting delivery is made", func() bool { return s.count("/one", "e1") == 3 })
	if fmt.Sprint(answer.Hastened) != "[one]" {
		t.Errorf("answer %+v", answer)
	}
}

// TestCancel ends what waits, for one webhook and for an event.
func TestCancel(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+hook(s, "two", ""))
	for _, id := range []string{"e1", "e2", "e3"} {
		h.post(id)
	}
	eventually(t, "two attempts each", func() bool { return s.count("/one", "e3") == 2 && s.count("/two", "e3") == 2 })
	cancel := func(body string, want int) {
		t.Helper()
		var answer struct{ Canceled int }
		h.settled()
		if code := h.call("POST", "/v1/cancel", body, &answer); code != 200 || answer.Canceled != want {
			t.Errorf("%s: %d, canceled %d, want %d", body, code, answer.Canceled, want)
		}
	}
	cancel(`{"event":"e2"}`, 2)
	cancel(`{"webhook":"one","type":"other"}`, 0)
	cancel(`{"webhook":"one"}`, 2)
	cancel(`{"webhook":"one"}`, 0)
	if code := h.call("POST", "/v1/cancel", `{"webhook":"nope"}`, nil); code != 404 {
		t.Errorf("an unknown webhook: %d", code)
	}
	var story struct {
		Webhooks []struct{ Webhook, Status string }
	}
	h.call("GET", "/v1/events/e1", "", &story)
	if got, want := fmt.Sprint(story.Webhooks), "[{one canceled} {two retrying}]"; got != want {
		t.Errorf("e1: %s, want %s", got, want)
	}
}

// TestDisabled: a receiver that is gone gets nothing any more, until its webhook
// is enabled again; and a retry makes waits due.
func TestDisabled(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	state := func() string {
		var w struct{ State string }
		h.call("GET", "/v1/webhooks/one", "", &w)
		return w.State
	}
	h.post("e1")
	eventually(t, "it is disabled", func() bool { return state() == "disabled" })
	h.post("e2")
	h.end()
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.start("webhooks:\n" + hook(s, "one", ""))
	if got := state(); got != "disabled" {
		t.Errorf("after a restart it is %s", got)
	}
	if n := s.count("/one", "e2"); n != 0 {
		t.Errorf("%d requests while it was disabled", n)
	}
	if code := h.call("POST", "/v1/webhooks/one/enable", "", nil); code != 200 {
		t.Errorf("enable: %d", code)
	}
	eventually(t, "what waited is sent, twice", func() bool { return s.count("/one", "e2") == 2 })
	h.settled()
	s.answer(nil)
	if code := h.call("POST", "/v1/webhooks/one/retry", "", nil); code != 200 {
		t.Errorf("retry: %d", code)
	}
	eventually(t, "what waits for an hour is sent now", func() bool { return s.count("/one", "e2") == 3 })
	if code := h.call("POST", "/v1/webhooks/two/enable", "", nil); code != 404 {
		t.Errorf("enable of an unknown webhook: %d", code)
	}
}

// TestPausedAndOff: events come and are kept for a webhook that is paused, and
// are not kept for one that is off; what waits goes on once it is on again.
func TestPausedAndOff(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("before")
	eventually(t, "two attempts", func() bool { return s.count("/one", "before") == 2 })
	h.settled()
	s.answer(nil)
	stands := func(state string, events int) {
		t.Helper()
		var w struct {
			State   string
			Backlog struct{ Events int }
		}
		h.call("GET", "/v1/webhooks/one", "", &w)
		if w.State != state || w.Backlog.Events != events {
			t.Errorf("it is %s with %d events, want %s with %d", w.State, w.Backlog.Events, state, events)
		}
	}
	h.apply("webhooks:\n" + hook(s, "one", ", paused: true"))
	h.post("paused")
	h.call("POST", "/v1/webhooks/one/retry", "", nil)
	stands("paused", 2)
	h.apply("webhooks:\n" + hook(s, "one", ", enabled: false"))
	h.post("off")
	stands("off", 2)
	h.end()
	h.start("webhooks:\n" + hook(s, "one", ", paused: true"))
	stands("paused", 2)
	if n := s.count("/one", "before") + s.count("/one", "paused"); n != 2 {
		t.Errorf("%d requests, want the two before it was paused", n)
	}
	h.apply("webhooks:\n" + hook(s, "one", ""))
	eventually(t, "what waited arrives", func() bool { return s.count("/one", "before") == 3 && s.count("/one", "paused") == 1 })
	h.settled()
	stands("active", 0)
	if n := s.count("/one", "off"); n != 0 {
		t.Errorf("%d requests of an event of the time when it was off", n)
	}
}

// TestThrottled: a receiver that asks to be left alone is, over a restart, too,
// and a person sees it, until they have it tried.
func TestThrottled(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	})
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	eventually(t, "one attempt", func() bool { return s.count("/one", "e1") == 1 })
	h.settled()
	stands := func(why string) {
		t.Helper()
		var w struct {
			State, Why string
			Next       time.Time
		}
		h.call("GET", "/v1/webhooks/one", "", &w)
		if wait := time.Until(w.Next); w.State != "active" || !strings.HasPrefix(w.Why, why) || wait < 59*time.Minute || wait > time.Hour {
			t.Errorf("it is %+v", w)
		}
	}
	stands("throttled by 429 Too Many Requests until ")
	h.end()
	s.answer(nil)
	h.start("webhooks:\n" + hook(s, "one", ""))
	h.post("e2")
	stands("throttled until ")
	if n := s.count("/one", "e2"); n != 0 {
		t.Errorf("%d requests while it throttles", n)
	}
	h.call("POST", "/v1/webhooks/one/retry", "", nil)
	eventually(t, "both arrive", func() bool { return s.count("/one", "e1") == 2 && s.count("/one", "e2") == 1 })
}

// TestOrphansAndNames: what waits for a webhook that goes is kept, goes on when
// it is back, and is taken over by the one that was it.
func TestOrphansAndNames(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "old", ""))
	h.post("e1")
	h.post("e2")
	eventually(t, "two attempts each", func() bool { return s.count("/old", "e1") == 2 && s.count("/old", "e2") == 2 })

	h.apply("webhooks: []\n")
	states := func() string {
		var list struct {
			Webhooks []struct {
				Name, State string
				Backlog     struct{ Events int }
			}
		}
		h.call("GET", "/v1/webhooks", "", &list)
		return fmt.Sprint(list.Webhooks)
	}
	if got, want := states(), "[{old orphaned {2}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
	// It stays so over a restart.
	h.end()
	h.start("webhooks: []\n")
	if got, want := states(), "[{old orphaned {2}}]"; got != want {
		t.Errorf("after a restart: webhooks %s, want %s", got, want)
	}
	s.answer(nil)
	h.apply("webhooks:\n" + hook(s, "new", ", was: old"))
	h.post("e3")
	eventually(t, "e3 arrives at new", func() bool { return s.count("/new", "e3") == 1 })
	h.r.Apply(h.load("webhooks:\n" + hook(s, "new", ", was: old, timeout: 3s")))
	for _, id := range []string{"e1", "e2"} {
		h.call("POST", "/v1/events/"+id+"/resend", `{"webhooks":["new"]}`, nil)
		eventually(t, id+" arrives at new", func() bool { return s.count("/new", id) >= 1 })
	}
}

// TestStoryOfAnHeir: what was accepted for a former name stands where its heir
// left it.
func TestStoryOfAnHeir(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+hook(s, "old", ""))
	h.post("e1")
	eventually(t, "two attempts", func() bool { return s.count("/old", "e1") == 2 })
	h.settled()
	h.apply("webhooks:\n" + hook(s, "new", ", was: old"))
	s.answer(nil)
	eventually(t, "the heir has delivered", func() bool {
		h.call("POST", "/v1/events/e1/resend", `{"webhooks":["old","new"]}`, nil)
		return s.count("/new", "e1") > 0
	})
	h.settled()
	var story struct {
		Webhooks []struct {
			Webhook, Why, Status string
			Wanted, Now          bool
		}
	}
	want := "[{old  delivered true false} {new took over from old delivered true false}]"
	eventually(t, want, func() bool {
		h.call("GET", "/v1/events/e1", "", &story)
		return fmt.Sprint(story.Webhooks) == want
	})
}

// TestGenerations count up with what is in force, over restarts.
func TestGenerations(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks: []\n")
	generation := func() int {
		var c struct{ Generation int }
		h.call("GET", "/v1/config", "", &c)
		return c.Generation
	}
	first := generation()
	h.apply("webhooks: []\n")
	if got := generation(); got != first {
		t.Errorf("the same file is generation %d, behind %d", got, first)
	}
	h.apply("# a comment\nwebhooks: []\n")
	if got := generation(); got != first {
		t.Errorf("a comment makes generation %d of %d", got, first)
	}
	h.end()
	h.start("# another\nwebhooks: []\n")
	if got := generation(); got != first {
		t.Errorf("a comment and a restart make generation %d of %d", got, first)
	}
	h.apply("webhooks:\n" + hook(s, "one", ""))
	if got := generation(); got != first+1 {
		t.Errorf("another file is generation %d, behind %d", got, first)
	}
	h.end()
	h.start("webhooks:\n" + hook(s, "one", ""))
	if got := generation(); got != first+1 {
		t.Errorf("after a restart: generation %d, want %d", got, first+1)
	}
	h.end()
	h.start("webhooks: []\n")
	if got := generation(); got != first+2 {
		t.Errorf("after a restart with another file: generation %d, want %d", got, first+2)
	}
}

// TestGenerationOfWhatIsInForce: each edit of what is in force makes one.
func TestGenerationOfWhatIsInForce(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks: []\n")
	generation := func() int {
		var c struct{ Generation int }
		h.call("GET", "/v1/config", "", &c)
		return c.Generation
	}
	t.Setenv("HIDDEN", "first")
	one, two := hook(s, "one", ""), hook(s, "two", "")
	for _, edit := range []string{
		"source: x\nwebhooks: []\n",
		"source: x\nevent_types: {a.b: }\nwebhooks: []\n",
		"source: x\nevent_types: {a.b: described}\nwebhooks: []\n",
		"history: {response_body: 1KiB}\n",
		"history: {unmatched: drop}\n",
		"webhooks:\n" + one + two,
		"webhooks:\n" + two + one,
		"webhooks:\n" + hook(s, "one", ", description: a"),
		"webhooks:\n" + hook(s, "one", ", timeout: 3s"),
		"webhooks:\n" + hook(s, "one", ", secret: 0123456789abcdef0123456789abcdef"),
		"webhooks:\n" + hook(s, "one", ", secret: 1123456789abcdef0123456789abcdef"),
		"webhooks:\n" + hook(s, "one", ", headers: {X-Key: a}"),
		"webhooks:\n" + hook(s, "one", ", headers: {X-Key: '${HIDDEN}'}"),
		"webhooks:\n" + hook(s, "one", ", tls: {server_name: a.example}"),
		"webhooks:\n" + hook(s, "one", ", proxy: 'http://a:b@proxy.example'"),
		"webhooks:\n" + hook(s, "one", ", proxy: 'http://a:c@proxy.example'"),
	} {
		before := generation()
		h.apply(edit)
		if got := generation(); got != before+1 {
			t.Errorf("%s: generation %d behind %d", edit, got, before)
		}
		h.apply("# the same\n" + edit)
		if got := generation(); got != before+1 {
			t.Errorf("the same: %s: generation %d behind %d", edit, got, before)
		}
	}
}

// TestListenSetBack warns of an edit of listen, and not of one that takes it
// back.
func TestListenSetBack(t *testing.T) {
	h := &host{t: t, dir: t.TempDir()}
	var log bytes.Buffer
	r, err := relay.New(h.load("webhooks: []\n"), relay.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, "webhooks.yaml")
	for _, step := range []struct {
		text  string
		warns bool
	}{
		{"listen: {http: off, socket: other}\nhistory: {dir: other}\n", true},
		{"listen: {http: off, socket: other}\nhistory: {dir: other}\n# again\n", false},
		{"listen: {http: off, socket: s}\nhistory: {dir: history}\n", false},
	} {
		if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := config.Load(path, config.Run)
		if err != nil {
			t.Fatal(err)
		}
		log.Reset()
		if err := r.Apply(file); err != nil {
			t.Fatal(err)
		}
		warned := strings.Count(log.String(), "takes effect at the next start")
		if step.warns && warned != 2 || !step.warns && warned != 0 {
			t.Errorf("%s\nwarned %d times", step.text, warned)
		}
	}
	done, stop := context.WithCancel(t.Context())
	stop()
	r.Run(done)
}

// TestStopUnderLoad stops and starts the relay while events come: nothing that
// was accepted is lost, nothing is sent twice.
func TestStopUnderLoad(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(http.ResponseWriter, *http.Request) { time.Sleep(3 * time.Millisecond) })
	webhooks := "webhooks:\n" + hook(s, "one", "") + hook(s, "two", ", concurrency: 2")
	h := newHost(t, webhooks)
	var accepted []string
	for round := range 3 {
		var mu sync.Mutex
		var posting sync.WaitGroup
		for p := range 8 {
			posting.Go(func() {
				for i := range 40 {
					id := fmt.Sprintf("e-%d-%d-%d", round, p, i)
					if h.post(id) == 202 {
						mu.Lock()
						accepted = append(accepted, id)
						mu.Unlock()
					}
				}
			})
		}
		time.Sleep(60 * time.Millisecond)
		h.end()
		posting.Wait()
		h.start(webhooks)
	}
	if len(accepted) < 20 {
		t.Fatalf("only %d events were accepted", len(accepted))
	}
	for _, path := range []string{"/one", "/two"} {
		for _, id := range accepted {
			eventually(t, id+" arrives at "+path, func() bool { return s.count(path, id) > 0 })
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}
