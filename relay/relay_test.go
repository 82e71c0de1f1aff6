package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/relay"
)

// TestOrphanOfRequestsUnderWay: what comes of requests that were in flight when the
// entry went says nothing of a webhook that is gone.
func TestOrphanOfRequestsUnderWay(t *testing.T) {
	s := newReceiver(t)
	answers := make(chan struct{})
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		<-answers
		w.WriteHeader(500)
	})
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	for n := range 6 {
		h.post(fmt.Sprint("e", n))
	}
	eventually(t, "all are under way", func() bool { return len(s.taken("/old")) == 6 })
	h.apply("webhooks: []\n")
	close(answers)
	for n := range 6 {
		h.attempts(fmt.Sprint("e", n), 1)
	}
	if got, want := states(h), "[{old orphaned {6}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
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
	if got, want := states(h), "[{old orphaned {2}}]"; got != want {
		t.Errorf("webhooks %s, want %s", got, want)
	}
	// It stays so over a restart.
	h.end()
	h.start("webhooks: []\n")
	if got, want := states(h), "[{old orphaned {2}}]"; got != want {
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

// TestStoryOfARename: what was accepted for a former name tells where it went.
func TestStoryOfARename(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h := newHost(t, "webhooks:\n"+patient(s, "old", ""))
	h.post("e1")
	eventually(t, "an attempt", func() bool { return s.count("/old", "e1") == 1 })
	h.settled()
	s.answer(nil)
	h.apply("webhooks:\n" + patient(s, "new", ", was: old"))
	eventually(t, "it arrives", func() bool { return s.count("/new", "e1") > 0 })
	h.settled()
	var story struct {
		Webhooks []struct {
			Webhook, Why, Status string
			Wanted, Now          bool
		}
	}
	want := "[{old  canceled true false} {new renamed from old delivered true false}]"
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
		t.Errorf("the same file is generation %d, after %d", got, first)
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
		t.Errorf("another file is generation %d, after %d", got, first)
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
		"webhooks:\n" + hook(s, "one", ", oauth2: {token_url: 'https://a.example', client_id: a, client_secret: b}"),
		"webhooks:\n" + hook(s, "one", ", oauth2: {token_url: 'https://a.example', client_id: a, client_secret: c}"),
		"webhooks:\n" + hook(s, "one", ", proxy: 'http://a:b@proxy.example'"),
		"webhooks:\n" + hook(s, "one", ", proxy: 'http://a:c@proxy.example'"),
	} {
		before := generation()
		h.apply(edit)
		if got := generation(); got != before+1 {
			t.Errorf("%s: generation %d after %d", edit, got, before)
		}
		h.apply("# the same\n" + edit)
		if got := generation(); got != before+1 {
			t.Errorf("the same: %s: generation %d after %d", edit, got, before)
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
		warns int
	}{
		{"listen: {http: off, socket: other}\nhistory: {dir: other}\n", 2},
		{"listen: {http: off, socket: other}\nhistory: {dir: other}\n# again\n", 0},
		{"listen: {http: off, socket: s}\nhistory: {dir: history}\n", 0},
		{"listen: {http: off, socket: s, read_token: r3ad}\nhistory: {dir: history}\n", 1},
		{"listen: {http: off, socket: s, read_token: r3ad}\nhistory: {dir: history}\n# again\n", 0},
		{"listen: {http: off, socket: s, read_token: r3ad, token: t}\nhistory: {dir: history}\n", 1},
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
		if warned := strings.Count(log.String(), "takes effect at the next start"); warned != step.warns {
			t.Errorf("%s\nwarned %d times, want %d", step.text, warned, step.warns)
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
	var mu sync.Mutex
	var accepted []string
	for round := range 3 {
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
		eventually(t, "some are accepted", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(accepted) >= 20*(round+1)
		})
		h.end()
		posting.Wait()
		h.start(webhooks)
	}
	for _, path := range []string{"/one", "/two"} {
		for _, id := range accepted {
			eventually(t, id+" arrives at "+path, func() bool { return s.count(path, id) > 0 })
		}
	}
	counted(t, 3, len(accepted), s.repeated())
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}
