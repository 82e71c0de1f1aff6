package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// service is `sidehook run` under a manager that this test plays.
type service struct {
	t      *testing.T
	dir    string
	notify *net.UnixConn
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// newService makes a folder with a configuration that names an address and a
// socket, dir/s, of which no test says who listens there.
func newService(t *testing.T, address string) *service {
	t.Helper()
	dir, err := os.MkdirTemp("", "sh") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &service{t: t, dir: dir}
	s.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: s.path("notify")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.notify.Close() })
	s.write("listen: {http: '" + address + "', socket: s}\n")
	return s
}

func (s *service) path(name string) string { return filepath.Join(s.dir, name) }

func (s *service) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path("webhooks.yaml"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// start runs a command line that becomes sidehook.
func (s *service) start(files []*os.File, env []string, line ...string) {
	s.t.Helper()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Args = append(cmd.Args, "run", "--log-format", "json", "--config", s.path("webhooks.yaml"))
	cmd.Env = append(os.Environ(), append(env, "NOTIFY_SOCKET="+s.path("notify"))...)
	cmd.ExtraFiles = files
	cmd.Stderr = &s.stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	s.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
}

// ends waits for the end of the process, and returns its exit code.
func (s *service) ends() int {
	s.t.Helper()
	var failed *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &failed) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

// hear returns the next datagram.
func (s *service) hear() string {
	s.t.Helper()
	buf := make([]byte, 4096)
	s.notify.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := s.notify.Read(buf)
	if err != nil {
		s.t.Fatalf("nothing was told: %v\n%s", err, s.stderr.String())
	}
	return string(buf[:n])
}

func (s *service) expect(want string) {
	s.t.Helper()
	if got := s.hear(); !regexp.MustCompile("^" + want + "$").MatchString(got) {
		s.t.Errorf("told %q, want %q", got, want)
	}
}

// post sends an event over a connection of its own.
func (s *service) post(network, address string) (status int, err error) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
	resp, err := client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type":"a.b"}`))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func (s *service) accepts(network, address string) {
	s.t.Helper()
	if status, err := s.post(network, address); status != http.StatusAccepted || err != nil {
		s.t.Errorf("post to %s: %d, %v\n%s", address, status, err, s.stderr.String())
	}
}

func (s *service) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// freeAddress is a port that nobody listens on just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestServiceLife is started by systemd's own tool at the first connection, with
// both sockets, reloads a good and a bad file, and stops.
func TestServiceLife(t *testing.T) {
	t.Parallel()
	activate, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("systemd-socket-activate is not on this machine")
	}
	address := freeAddress(t)
	s := newService(t, address)
	program, err := exec.LookPath("sidehook")
	if err != nil {
		t.Fatal(err)
	}
	s.start(nil, nil, activate, "-E", "NOTIFY_SOCKET", "-l", address, "-l", s.path("s"), program)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(s.path("s")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.path("s"), 0o640); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(s.path("s"))
	if err != nil {
		t.Fatal(err)
	}
	s.accepts("unix", s.path("s"))
	s.expect("READY=1\nSTATUS=webhooks.yaml is in force: 0 of 0 webhooks are on")
	s.accepts("tcp", address)

	s.signal(syscall.SIGHUP)
	s.expect("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*")
	s.expect("READY=1\nSTATUS=webhooks.yaml is in force: 0 of 0 webhooks are on")
	s.write("webhook: []\n")
	s.signal(syscall.SIGHUP)
	s.expect("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*")
	s.expect("READY=1\nSTATUS=the last edit is refused, what was before stays in force")
	s.accepts("unix", s.path("s"))
	// An edit that nobody asked to be read is no reload in systemd's sense.
	s.write("listen: {http: '" + address + "', socket: s}\nwebhooks: []\n")
	s.expect("STATUS=webhooks.yaml is in force: 0 of 0 webhooks are on")

	s.signal(syscall.SIGTERM)
	s.expect("STOPPING=1\nSTATUS=stopping: the requests under way end")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.stderr.String())
	}
	after, err := os.Stat(s.path("s"))
	if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("systemd's socket was %v, and is %v (%v)", before, after, err)
	}
}

// handOver starts sidehook with listeners that stay the test's, as they stay
// systemd's over a restart.
func (s *service) handOver(env []string, listeners ...interface{ File() (*os.File, error) }) {
	s.t.Helper()
	var files []*os.File
	for _, l := range listeners {
		f, err := l.File()
		if err != nil {
			s.t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	env = append(env, fmt.Sprintf("LISTEN_FDS=%d", len(files)))
	s.start(files, env, "sh", "-c", `export LISTEN_PID=$$; exec sidehook "$@"`, "sh")
}

// TestRestartRefusesNothing posts over both sockets while the service is
// restarted, again and again. A connection waits, or is told that sidehook stops;
// none is refused or cut.
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
	for range 3 {
		s.handOver(nil, tcp, unix)
		s.expect("READY=1\n.*")
		time.Sleep(50 * time.Millisecond)
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
	if delete(answers, http.StatusServiceUnavailable); len(answers) != 1 || answers[http.StatusAccepted] < 10 {
		t.Errorf("answers: %v, want 202, and 503 for those that were accepted as it stopped", answers)
	}
}

// TestWatchdogStarves feeds the watchdog until the history's folder is moved
// away. From then on it is not fed, though the process lives on for a while: a
// client that does not end its request holds it up.
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
	slow, err := net.Dial("unix", s.path("s"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprint(slow, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
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
	begun := time.Now()
	s.expect("STOPPING=1\nSTATUS=failed: the journal has failed.*")
	if took := time.Since(begun); took < time.Second || took > 5*time.Second {
		t.Errorf("it ended %v after the failure", took)
	}
	if code := s.ends(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if lines := s.logged("ERROR"); len(lines) == 0 || !strings.Contains(lines[0]["error"].(string), "the journal has failed") {
		t.Errorf("logged %v", lines)
	}
}
