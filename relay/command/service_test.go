package command_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestServiceLife: systemd's own tool starts the service with both sockets at the
// first connection. The service reloads a good and a bad file, and stops.
func TestServiceLife(t *testing.T) {
	t.Parallel()
	activate, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("systemd-socket-activate is not on this machine")
	}
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, address)
	program, err := exec.LookPath("sidehook")
	if err != nil {
		t.Fatal(err)
	}
	s.start(nil, nil, activate, "-E", "NOTIFY_SOCKET", "-l", address, "-l", s.path("s"), program)
	s.logs("/s as ") // the file is there a moment before anyone listens on it
	if err := os.Chmod(s.path("s"), 0o640); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(s.path("s"))
	if err != nil {
		t.Fatal(err)
	}
	s.accepts("unix", s.path("s"))
	s.expect("READY=1\nSTATUS=using webhooks.yaml: 0 of 0 webhooks enabled")
	s.accepts("tcp", address)

	file := "listen: {http: '" + address + "', socket: s}\n"
	s.reload(file, "STATUS=using webhooks.yaml: 0 of 0 webhooks enabled")
	s.reload("webhook: []\n", "STATUS=edit rejected; still using the previous configuration: .*webhooks.yaml:1:1: webhook: unknown key; did you mean \"webhooks\"\\?")
	s.accepts("unix", s.path("s"))
	// An edit without SIGHUP is not a reload to systemd.
	s.write(file + "webhooks: []\n")
	s.expect("STATUS=using webhooks.yaml: 0 of 0 webhooks enabled")

	s.signal(syscall.SIGTERM)
	s.expect("STOPPING=1\nSTATUS=stopping: waiting for requests in flight")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.stderr.String())
	}
	after, err := os.Stat(s.path("s"))
	if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("systemd's socket was %v, and is %v (%v)", before, after, err)
	}
}

// TestRestartRefusesNothing posts over both sockets while the service restarts
// several times. A connection waits, or is answered that sidehook stops. None is
// refused or interrupted.
func TestRestartRefusesNothing(t *testing.T) {
	t.Parallel()
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	s := newService(t, tcp.Addr().String())
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: s.path("s")})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()

	ctx, stop := context.WithCancel(t.Context())
	var (
		clients sync.WaitGroup
		mu      sync.Mutex
		answers = map[int]int{}
	)
	for _, to := range []net.Addr{tcp.Addr(), unix.Addr()} {
		for range 2 {
			clients.Go(func() {
				for ctx.Err() == nil {
					status, err := s.post(to.Network(), to.String())
					if err != nil {
						t.Errorf("post to %s: %v", to, err)
						return
					}
					mu.Lock()
					answers[status]++
					mu.Unlock()
				}
			})
		}
	}
	accepted := func() int {
		mu.Lock()
		defer mu.Unlock()
		return answers[http.StatusAccepted]
	}
	for range 3 {
		before := accepted()
		s.handOver(nil, tcp, unix)
		s.expect("READY=1\n.*")
		s.until("it accepts some", func() bool { return accepted() >= before+10 })
		s.signal(syscall.SIGTERM)
		s.expect("STOPPING=1\n.*")
		if code := s.ends(); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.stderr.String())
		}
	}
	s.handOver(nil, tcp, unix)
	s.expect("READY=1\n.*")
	stop()
	clients.Wait()
	s.signal(syscall.SIGTERM)
	s.ends()
	t.Logf("answers: %v", answers)
	if delete(answers, http.StatusServiceUnavailable); len(answers) != 1 {
		t.Errorf("answers: %v, want 202, and 503 for those that were accepted as it stopped", answers)
	}
}

// TestWatchdogStarves: the watchdog is fed until the folder of the history is moved.
// After that it is not fed, although the process still runs for a while because a
// client does not end its request.
func TestWatchdogStarves(t *testing.T) {
	t.Parallel()
	s := newService(t, "off")
	s.start(nil, []string{"WATCHDOG_USEC=40000"}, "sidehook")
	for signs, ready := 0, false; signs < 5 || !ready; {
		switch got := s.hear(); {
		case got == "WATCHDOG=1":
			signs++
		case strings.HasPrefix(got, "READY=1\n"):
			ready = true
		default:
			t.Fatalf("told %q", got)
		}
	}
	s.hold()
	begun := time.Now()
	if err := os.Rename(s.path("history"), s.path("elsewhere")); err != nil {
		t.Fatal(err)
	}
	if status, err := s.post("unix", s.path("s")); status != http.StatusServiceUnavailable {
		t.Errorf("answer %d, %v", status, err)
	}
	for got := s.hear(); !strings.HasPrefix(got, "STATUS=unhealthy: "); got = s.hear() {
		if got != "WATCHDOG=1" {
			t.Fatalf("told %q", got)
		}
	}
	s.expect("STOPPING=1\nSTATUS=failed: the journal has failed.*")
	if took := time.Since(begun); took < time.Second {
		t.Errorf("it ended %v after the failure", took)
	}
	if code := s.ends(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if lines := s.logged("ERROR"); len(lines) == 0 || !strings.Contains(lines[0]["error"].(string), "the journal has failed") {
		t.Errorf("logged %v", lines)
	}
}
