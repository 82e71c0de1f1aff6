package command_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadOverSocket: who may open the socket and not the files gets the same answers.
func TestReadOverSocket(t *testing.T) {
	startsMany(t)
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can run a command as another user")
	}
	s := newService(t, "off")
	s.write("listen: {http: off, socket: s, socket_mode: '0666'}\nwebhooks:\n" +
		"  - {name: a, url: 'http://127.0.0.1:1/', events: ['m.*'], retry: [1h], allow: [http, any-host, 127.0.0.0/8]}\n" +
		"  - {name: b, url: 'http://127.0.0.1:1/', events: ['b.*'], retry: [], allow: [http, any-host, 127.0.0.0/8]}\n")
	if err := os.Chmod(s.path("webhooks.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.start(nil, nil, "sidehook")
	s.expect("READY=1\n.*")
	program := openToAll(t, s.path("s"))
	root := func(args ...string) string { return output(t, nil, s.path("."), "sidehook", args...) }
	other := func(args ...string) string {
		return output(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}, s.path("."), program, args...)
	}
	root("send", "m.a", "--id", "e-1", "--wait")
	root("send", "n.a", "--id", "e-2")
	for _, args := range []string{
		"history", "history a --json", "history --unresolved", "history nope", "history --type m.* --code 5xx --limit 5000",
		"events", "events --unmatched --json", "events --webhook a --waiting", "show e-1", "show e-2", "history stats --json --until 1s",
	} {
		list := strings.Fields(args)
		want, got := withoutMoment(root(list...)), withoutMoment(other(list...))
		if got != want || len(want) == 0 {
			t.Errorf("%s: got\n%s, and from the files\n%s", args, got, want)
		}
	}

	root("send", "b.a", "--id", "e-b", "--wait")
	if got, want := other("resend", "--since", "1h", "--yes"), "resent 1 delivery to all webhooks: 1 given up\n"; !strings.Contains(got, want) {
		t.Errorf("resend: got %s, want %s", got, want)
	}

	follow := exec.CommandContext(t.Context(), program, "history", "-f", "--limit", "1", "--json")
	follow.Dir, follow.SysProcAttr = s.path("."), &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	defer follow.Wait()
	defer follow.Process.Kill()
	expectLine(t, out, `"event":"e-b"`)
	root("send", "m.b", "--id", "e-3")
	expectLine(t, out, `"event":"e-3"`)

	s.signal(syscall.SIGTERM)
	s.ends()
	if text := other("history"); !strings.Contains(text, "permission denied: history files are readable only by their owner") {
		t.Errorf("without a relay: got %s", text)
	}
}

// moments match what a report says of the moment it was made at: how long until the next
// attempt, and the span of statistics.
var moments = regexp.MustCompile(`, in [0-9dhms]+|"(since|until)":"[^"]*"`)

// withoutMoment makes equal what two calls print of the same history.
func withoutMoment(report string) string { return moments.ReplaceAllString(report, "") }

// openToAll copies the program to where all may run it, and opens the folders above a
// path.
func openToAll(t *testing.T, path string) string {
	for folder := filepath.Dir(path); folder != "/" && folder != os.TempDir(); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := exec.LookPath("sidehook")
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	program := filepath.Join(filepath.Dir(path), "sidehook")
	to, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return program
}

// output runs a command and returns all that it prints.
func output(t *testing.T, as *syscall.SysProcAttr, folder, program string, args ...string) string {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.SysProcAttr = folder, as
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// expectLine reads a line that must contain a text.
func expectLine(t *testing.T, r io.Reader, want string) {
	t.Helper()
	timer := time.AfterFunc(patience, func() { panic("no line with " + want) })
	defer timer.Stop()
	var line []byte
	for one := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")); line = append(line, one...) {
		if _, err := r.Read(one); err != nil {
			t.Fatalf("after %q: %v", line, err)
		}
	}
	if !bytes.Contains(line, []byte(want)) {
		t.Errorf("got %s, want %s", line, want)
	}
}
