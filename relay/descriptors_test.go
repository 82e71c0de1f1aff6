//go:build linux

package relay_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestDescriptors lets clients take every descriptor that the process may have, for longer
// than a checkpoint is due. What comes over a connection that it has is acknowledged and
// waits: that no connection to the receiver can be opened is no failure of the receiver's.
// Once the clients are gone all goes on by itself.
func TestDescriptors(t *testing.T) {
	startsProcesses(t)
	s := newReceiver(t)
	var takes atomic.Bool // until then all waits, in several segments and without a connection
	var throttled atomic.Int32
	s.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		if !takes.Load() {
			throttled.Add(1)
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	p := newProgram(t, t.TempDir(), "history: {max_size: 16MiB}\nwebhooks:\n"+hook(s, "one", ""), "sh", "-c", `ulimit -n 64; exec "$0" "$@"`)
	cmd := p.launchHere()
	defer func() {
		if t.Failed() {
			t.Log(p.log.String())
		}
	}()
	x := newTraffic()
	large := strings.Repeat("x", 100<<10)
	postLarge := func(name string) { // which finishes segments
		t.Helper()
		for n := range 40 {
			id := fmt.Sprint(name, "-", n)
			resp, err := p.client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type":"a.b","id":"`+id+`","data":"`+large+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body) // its connection is kept
			resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				t.Errorf("answer %d to %s", resp.StatusCode, id)
			}
			x.posted[id], x.acked[id] = true, true
		}
	}
	postLarge("before")
	var clients []net.Conn
	leave := func() {
		for _, c := range clients {
			c.Close()
		}
	}
	defer leave()
	for range 64 {
		c, err := net.Dial("unix", filepath.Join(p.dir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
		fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") // then it may stay for minutes
	}
	logs := func(text string) {
		t.Helper()
		eventually(t, "it logs: "+text, func() bool { return len(p.log.lines(text)) > 0 })
	}
	logs("cannot accept connections; trying again")
	takes.Store(true)
	resp, err := p.client.Post("http://localhost/v1/webhooks/one/retry", "application/json", nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", resp, err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	for n := range 100 {
		if code := x.post(p, fmt.Sprint("none-", n)); code != http.StatusAccepted {
			t.Errorf("answer %d without a descriptor left", code)
		}
	}
	postLarge("overdue")
	logs("this machine cannot make requests; trying again each second")
	logs("cannot write the checkpoint; the next start reads more of the history")
	var one standing
	code := p.read("/v1/webhooks/one", &one)
	if code != http.StatusOK || one.State != "active" || one.LastHour.Failed > 0 || one.Backlog.Events == 0 {
		t.Errorf("without a descriptor left: %d, %+v", code, one)
	}
	leave()
	p.client.CloseIdleConnections()
	eventually(t, "connections are accepted", func() bool { return p.read("/readyz", nil) == http.StatusOK })
	repeats := x.arrives(t, s, "/one")
	counted(t, len(clients), x.acknowledged(), repeats)
	if repeats > int(throttled.Load()) {
		t.Errorf("%d repeats of %d that were refused", repeats, throttled.Load())
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if by, code := ended(cmd); by != 0 || code != 0 {
		t.Errorf("it ended by %v with code %d", by, code)
	}
	checkHistory(t, p.dir())
}
