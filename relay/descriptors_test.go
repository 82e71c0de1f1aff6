//go:build linux

package relay_test

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestDescriptors lets clients take every descriptor that the process may have, for longer
// than a checkpoint is due. What comes over a connection that it has is acknowledged and
// waits: that no connection to the receiver can be opened is no failure of the receiver's.
// Once the clients are gone all goes on by itself.
func TestDescriptors(t *testing.T) {
	startsProcesses(t)
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		w.Header().Set("Connection", "close")
	})
	p := newProgram(t, t.TempDir(), "webhooks:\n"+hook(s, "one", ""), "sh", "-c", `ulimit -n 64; exec "$0" "$@"`)
	cmd := p.launchHere()
	defer func() {
		if t.Failed() {
			t.Log(p.log.String())
		}
	}()
	x := newTraffic()
	x.post(p, "first") // its connection is kept
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
	for n := range 100 {
		if code := x.post(p, fmt.Sprint("none-", n)); code != http.StatusAccepted {
			t.Errorf("answer %d without a descriptor left", code)
		}
	}
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
	if repeats > 0 {
		t.Errorf("%d repeats", repeats)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if by, code := ended(cmd); by != 0 || code != 0 {
		t.Errorf("it ended by %v with code %d", by, code)
	}
	checkHistory(t, p.dir())
}
