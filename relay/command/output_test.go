package command_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// command returns a sidehook command with the configuration of the service.
func (s *service) command(args ...string) *exec.Cmd {
	return exec.CommandContext(s.t.Context(), "sidehook", append(args, "--config", s.path("webhooks.yaml"))...)
}

// TestFailedWrites: every command fails if its output goes to a full disk, which it
// reports in one line, or to a closed pipe, which it does not report.
func TestFailedWrites(t *testing.T) {
	startsMany(t)
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	s := newService(t, "off")
	s.write("listen: {http: off, socket: s}\ndefaults: {signature: none}\nwebhooks:\n" +
		"  - {name: a, url: '" + receiver.URL + "', events: ['**'], allow: [http, any-host, 127.0.0.0/8]}\n")
	s.start(nil, nil, "sidehook")
	s.expect("READY=1\n.*")
	if out, err := s.command("send", "x.y", "--id", "e-1").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until("e-1 arrives", func() bool {
		out, err := s.command("history", "--status", "delivered").Output()
		return err == nil && bytes.Contains(out, []byte("e-1"))
	})
	for _, line := range []string{
		"--help", "--version", "help", "help send", "send --help", "history stats --help",
		"completion bash", "completion zsh", "completion fish", "completion powershell", "__complete histo",
		"version", "version --json", "check", "check --json", "check --print", "demo",
		"history", "history --json", "history a", "history -f", "history -f --json", "history stats", "history stats --json",
		"history check", "history check --json", "show e-1", "show e-1 --json",
		"send x.y", "send x.y --json", "resend e-1", "resend e-1 --json",
		"resend --webhook a --since 1h --status delivered --yes", "resend --webhook a --since 1h --status delivered --yes --json",
		"cancel e-1", "cancel e-1 --json", "cancel --webhook a --yes",
		"webhook list", "webhook list --json", "webhook test a", "webhook test a --json", "webhook retry a", "webhook enable a",
	} {
		t.Run(line, func(t *testing.T) {
			run := func(to *os.File) string {
				t.Helper()
				var stderr bytes.Buffer
				cmd := s.command(strings.Fields(line)...)
				cmd.Stdout, cmd.Stderr = to, &stderr
				var failed *exec.ExitError
				if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				if code := cmd.ProcessState.ExitCode(); code != 1 {
					t.Errorf("%v, want exit code 1\n%s", cmd.ProcessState, &stderr)
				}
				return stderr.String()
			}
			t.Run("full disk", func(t *testing.T) {
				full := devFull(t)
				stderr := run(full)
				const want = "sidehook: write to standard output: no space left on device\n"
				if !strings.HasSuffix(stderr, want) || strings.Count(stderr, "no space left") != 1 {
					t.Errorf("stderr %q, want %q", stderr, want)
				}
			})
			t.Run("nobody reads", func(t *testing.T) {
				read, write, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				read.Close()
				defer write.Close()
				if stderr := run(write); strings.Contains(stderr, "pipe") || strings.Contains(stderr, "canceled") {
					t.Errorf("stderr %q", stderr)
				}
			})
		})
	}
	s.signal(syscall.SIGTERM)
	s.ends()
}

// devFull returns a file that cannot be written.
func devFull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
