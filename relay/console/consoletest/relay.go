package consoletest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/config/watch"
	"sidehook/history/historytest"
	"sidehook/relay"
)

// Setup says which relay to start. The zero value has no webhook and no history.
type Setup struct {
	// File is webhooks.yaml without listen.
	File string
	// Listen is more of listen; "": console: edit.
	Listen string
	// Attempts are how many of a generated history there are. It has the webhooks
	// webhook-0 to webhook-9.
	Attempts int
	// History is a folder with a history to use as it is; "": a new one.
	History string
	// SegmentSize is that of the generated history; 0: as in operation.
	SegmentSize int64
}

// Relay is a relay that runs, as `sidehook run` has it: with a port, a socket and a
// file that is watched.
type Relay struct {
	Dir  string // of webhooks.yaml
	Port string
	URL  string // of the console, without a slash at its end

	t      testing.TB
	setup  Setup
	relay  *relay.Relay
	socket *http.Client
	stop   func()
}

// Start starts a relay, which ends with the test.
func Start(t testing.TB, setup Setup) *Relay {
	t.Helper()
	dir, err := os.MkdirTemp("", "console") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if setup.Attempts > 0 {
		options := historytest.Options{Attempts: setup.Attempts, Seed: 1, SegmentSize: setup.SegmentSize}
		if err := historytest.Generate(t.Context(), filepath.Join(dir, "history"), options); err != nil {
			t.Fatal(err)
		}
	}
	r := &Relay{Dir: dir, t: t, setup: setup}
	r.socket = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s"))
	}}}
	r.write(setup.File)
	r.run()
	t.Cleanup(func() {
		r.stop()
		r.socket.CloseIdleConnections()
	})
	return r
}

// For makes t the test that fails until it ends, when a subtest uses the relay of the
// test around it.
func (r *Relay) For(t testing.TB) {
	before := r.t
	r.t = t
	t.Cleanup(func() { r.t = before })
}

// Path returns the path of webhooks.yaml.
func (r *Relay) Path() string { return filepath.Join(r.Dir, "webhooks.yaml") }

// write writes webhooks.yaml.
func (r *Relay) write(text string) {
	r.t.Helper()
	port := "127.0.0.1:" + cmp.Or(r.Port, "0")
	if r.setup.History != "" {
		text = "history: {dir: " + r.setup.History + ", max_size: 100GiB, keep: 3650d}\n" + text
	}
	listen := "listen:\n  http: " + port + "\n  socket: s\n  " + cmp.Or(r.setup.Listen, "console: edit") + "\n"
	if err := os.WriteFile(r.Path(), []byte(listen+text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// run starts the relay and the watcher of its file.
func (r *Relay) run() {
	r.t.Helper()
	reading := config.Read(r.Path(), config.Run)
	if reading.File == nil {
		r.t.Fatalf("webhooks.yaml: %v", reading.Problems)
	}
	log := slog.New(slog.DiscardHandler)
	opened := make(chan net.Addr, 1)
	running, err := relay.New(reading.File, relay.Options{Log: log, Version: "test", Opened: func(addrs []net.Addr) { opened <- addrs[0] }})
	if err != nil {
		r.t.Fatal(err)
	}
	r.relay = running
	watcher := watch.New(reading, log, func(file *config.File, err error) {
		if err == nil {
			err = running.Apply(file)
		}
		if err != nil {
			running.Refused(err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { _ = watcher.Run(ctx) })
	working.Go(func() {
		if err := running.Run(ctx); err != nil {
			r.t.Errorf("run the relay: %v", err)
		}
	})
	r.stop = sync.OnceFunc(func() {
		cancel()
		working.Wait()
	})
	_, r.Port, _ = net.SplitHostPort((<-opened).String())
	r.URL = "http://sidehook.localhost:" + r.Port
}

// Restart stops the relay and starts it again, on the same port. down is called in
// between.
func (r *Relay) Restart(down func()) {
	r.t.Helper()
	r.stop()
	if down != nil {
		down()
	}
	text, err := os.ReadFile(r.Path())
	if err != nil {
		r.t.Fatal(err)
	}
	fixed := strings.Replace(string(text), "http: 127.0.0.1:0\n", "http: 127.0.0.1:"+r.Port+"\n", 1)
	if err := os.WriteFile(r.Path(), []byte(fixed), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.run()
}

// Save saves webhooks.yaml as an editor would, without listen, and does not wait until
// it is in force.
func (r *Relay) Save(text string) {
	r.t.Helper()
	r.write(text)
}

// Call calls the API over the socket, and decodes the answer unless it is nil.
func (r *Relay) Call(method, path, body string, answer any) int {
	r.t.Helper()
	req, err := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.socket.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			r.t.Errorf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return resp.StatusCode
}

// Post posts an event, and fails the test if it is not accepted.
func (r *Relay) Post(event string) {
	r.t.Helper()
	var problem any
	if status := r.Call("POST", "/v1/events", event, &problem); status != http.StatusAccepted {
		r.t.Fatalf("post %.200s: status %d: %v", event, status, problem)
	}
}

// Get gets a page over the socket, which can be read without a session.
func (r *Relay) Get(path string) (status int, body string, header http.Header) {
	r.t.Helper()
	resp, err := r.socket.Get("http://localhost:" + r.Port + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// Link asks over the socket for a link to the console, as `sidehook console` does. level
// is view or edit.
func (r *Relay) Link(level string) string {
	r.t.Helper()
	var link struct{ URL, Detail string }
	if status := r.Call("POST", "/v1/console/links", fmt.Sprintf(`{"edit": %t}`, level == "edit"), &link); status != http.StatusOK {
		r.t.Fatalf("link to the console: status %d: %s", status, link.Detail)
	}
	return link.URL
}

// SignIn signs a tab in by a link, and waits until it is where it leads to: the first page,
// or the one where the tab was. level is view or edit.
func (r *Relay) SignIn(tab *Tab, level string) {
	r.t.Helper()
	tab.Go(r.Link(level))
	tab.Wait("the link leads to a page", "location.pathname != '/in' && document.readyState == 'complete'")
}

// Eventually waits until ok returns true.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// Settled waits until no request is in flight and all that is due was attempted.
func (r *Relay) Settled() {
	r.t.Helper()
	Eventually(r.t, "nothing is in flight", func() bool {
		var list struct {
			Webhooks []struct {
				InFlight int `json:"in_flight"`
				Waiting  int `json:"waiting"`
			}
		}
		r.Call("GET", "/v1/webhooks", "", &list)
		for _, w := range list.Webhooks {
			if w.InFlight > 0 {
				return false
			}
		}
		return true
	})
}
