package command_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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

// patience is how long a test waits for what must happen, even on a busy machine.
const patience = time.Minute

// service is `sidehook run`, with the test in the role of systemd.
type service struct {
	t      *testing.T
	dir    string
	notify *net.UnixConn
	cmd    *exec.Cmd
	format string   // of the log, json if it is ""
	log    *os.File // where the log goes, stderr if it is nil
	stderr safeBuffer
}

// safeBuffer may be read while a process writes to it.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startsMany skips a test, in a short run, that starts a command dozens of times.
func startsMany(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts many processes")
	}
}

// newService makes a folder with a configuration that has an HTTP address and a
// socket, dir/s.
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
	cmd.Args = append(cmd.Args, "run", "--log-format", cmp.Or(s.format, "json"), "--config", s.path("webhooks.yaml"))
	cmd.Env = append(os.Environ(), append(env, "NOTIFY_SOCKET="+s.path("notify"))...)
	cmd.ExtraFiles = files
	cmd.Stderr = &s.stderr
	if s.log != nil {
		cmd.Stderr = s.log
	}
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

// hear returns the next message to systemd.
func (s *service) hear() string {
	s.t.Helper()
	buf := make([]byte, 4096)
	s.notify.SetReadDeadline(time.Now().Add(patience))
	n, err := s.notify.Read(buf)
	if err != nil {
		s.t.Fatalf("no message to systemd: %v\n%s", err, s.stderr.String())
	}
	return string(buf[:n])
}

// until waits until a condition is true.
func (s *service) until(what string, ok func() bool) {
	s.t.Helper()
	for begun := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			s.t.Fatalf("never: %s\n%s", what, s.stderr.String())
		}
	}
}

// logs waits until the log has a text.
func (s *service) logs(text string) {
	s.t.Helper()
	s.until("it logs "+text, func() bool { return strings.Contains(s.stderr.String(), text) })
}

func (s *service) expect(want string) {
	s.t.Helper()
	if got := s.hear(); !regexp.MustCompile("^" + want + "$").MatchString(got) {
		s.t.Errorf("told %q, want %q", got, want)
	}
}

// post sends an event over a new connection.
func (s *service) post(network, address string) (status int, err error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{
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

// hold starts a request that does not end, and returns when the relay reads it.
func (s *service) hold() {
	s.t.Helper()
	c, err := net.Dial("unix", s.path("s"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	fmt.Fprint(c, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		s.t.Fatalf("answer %q, %v", line, err)
	}
}

// reload writes the file, reloads it by SIGHUP, and expects the answer to systemd.
// The watcher may have seen the edit before.
func (s *service) reload(text, want string) {
	s.t.Helper()
	s.write(text)
	s.signal(syscall.SIGHUP)
	got := s.hear()
	for strings.HasPrefix(got, "STATUS=") {
		got = s.hear()
	}
	if !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		s.t.Errorf("told %q, want RELOADING=1", got)
	}
	s.expect("READY=1\n" + want)
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

// freeAddress returns a port that nobody listens on. It is outside the range from
// which the system assigns ports, as it does for other tests all the time.
func freeAddress() (string, error) {
	for tries := 0; ; tries++ {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(20_000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		if tries == 100 {
			return "", err
		}
	}
}

// handOver starts sidehook with listeners that stay open in the test, as they do in
// systemd over a restart.
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
