package command_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stream returns two connected Unix sockets, like the one that systemd gives to a
// service for its log.
func stream(t *testing.T) (service, reader *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	service, reader = os.NewFile(uintptr(fds[0]), "service"), os.NewFile(uintptr(fds[1]), "journal")
	for _, f := range []*os.File{service, reader} {
		syscall.CloseOnExec(int(f.Fd()))
		t.Cleanup(func() { f.Close() })
	}
	return service, reader
}

// TestLogIsLost makes the log unwritable in every way. The relay still delivers,
// reloads and stops.
func TestLogIsLost(t *testing.T) {
	pipe := func(t *testing.T) (write, read *os.File) {
		t.Helper()
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { read.Close(); write.Close() })
		return write, read
	}
	ignored := []string{"sh", "-c", `trap "" PIPE; exec sidehook "$@"`, "sh"}
	for name, c := range map[string]struct {
		line []string
		open func(t *testing.T) (log, reader *os.File) // reader is closed once it runs
	}{
		"the reader of a pipe goes":                    {open: pipe},
		"the reader of a pipe goes, SIGPIPE ignored":   {ignored, pipe},
		"the reader of a socket goes":                  {open: stream},
		"the reader of a socket goes, SIGPIPE ignored": {ignored, stream},
		"stderr is closed":                             {[]string{"sh", "-c", `exec sidehook "$@" 2>&-`, "sh"}, func(t *testing.T) (_, _ *os.File) { return nil, nil }},
		"a full disk":                                  {open: func(t *testing.T) (_, _ *os.File) { return devFull(t), nil }},
		"a pipe that nobody reads":                     {open: func(t *testing.T) (_, _ *os.File) { w, _ := pipe(t); fillUp(t, w); return w, nil }},
		"a socket that nobody reads":                   {open: func(t *testing.T) (_, _ *os.File) { w, _ := stream(t); fillUp(t, w); return w, nil }},
		"a pipe that nobody reads, of which it is told": {open: func(t *testing.T) (_, _ *os.File) {
			w, _ := pipe(t)
			fillUp(t, w)
			syscall.SetNonblock(int(w.Fd()), true)
			return w, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan string, 10)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				arrived <- r.Header.Get("Sidehook-Event")
			}))
			defer receiver.Close()
			s := newService(t, "off")
			good := "listen: {http: off, socket: s}\ndefaults: {signature: none}\nwebhooks:\n" +
				"  - {name: a, url: '" + receiver.URL + "', events: ['**'], allow: [http, any-host, 127.0.0.0/8]}\n"
			s.write(good)
			var reader *os.File
			s.log, reader = c.open(t)
			line := c.line
			if line == nil {
				line = []string{"sidehook"}
			}
			s.start(nil, nil, append(line, "--log-level", "debug")...)
			s.expect("READY=1\n.*")
			if reader != nil {
				s.log.Close()
				reader.Close()
			}
			s.reload("webhook: []\n", "STATUS=edit rejected.*")
			s.accepts("unix", s.path("s"))
			select {
			case <-arrived:
			case <-time.After(20 * time.Second):
				t.Fatal("nothing was delivered")
			}
			s.reload(good, "STATUS=using .*")
			s.signal(syscall.SIGTERM)
			if code := s.ends(); code != 0 {
				t.Errorf("%v, want exit code 0\n%s", s.cmd.ProcessState, s.stderr.String())
			}
		})
	}
}

// TestStartFailsWithoutLog: the exit code is right even if nobody reads the log.
func TestStartFailsWithoutLog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			s := newService(t, "off")
			s.format = format
			s.write("webhook: []\n")
			log, _ := stream(t)
			fillUp(t, log)
			s.log = log
			s.start(nil, nil, "sidehook")
			if code := s.ends(); code != 1 {
				t.Errorf("%v, want exit code 1", s.cmd.ProcessState)
			}
		})
	}
}

// fillUp writes to a pipe or socket until it is full.
func fillUp(t *testing.T, f *os.File) {
	t.Helper()
	fd := int(f.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for size := 4096; size > 0; {
		_, err := syscall.Write(fd, make([]byte, size))
		switch {
		case errors.Is(err, syscall.EAGAIN):
			size /= 2
		case err != nil && !errors.Is(err, syscall.EINTR):
			t.Fatal(err)
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}

// TestJournal: lines have priorities if stderr is the journal's own stream.
func TestJournal(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		named  func(device, inode uint64) string
		prefix bool
	}{
		"its own":           {"text", func(d, i uint64) string { return fmt.Sprintf("%d:%d", d, i) }, true},
		"another's":         {"text", func(d, i uint64) string { return fmt.Sprintf("%d:%d", d, i+1) }, false},
		"another device's":  {"text", func(d, i uint64) string { return fmt.Sprintf("%d:%d", d+1, i) }, false},
		"unreadable":        {"text", func(d, i uint64) string { return "journal" }, false},
		"none":              {"text", func(d, i uint64) string { return "" }, false},
		"JSON was asked of": {"json", func(d, i uint64) string { return fmt.Sprintf("%d:%d", d, i) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, journal := stream(t)
			var stat syscall.Stat_t
			if err := syscall.Fstat(int(log.Fd()), &stat); err != nil {
				t.Fatal(err)
			}
			s := newService(t, "off")
			s.format, s.log = c.format, log
			s.write("listen: {http: off, socket: s}\nwebhooks:\n  - {name: a, url: 'https://a.example/', events: ['x']}\n")
			s.start(nil, []string{"JOURNAL_STREAM=" + c.named(uint64(stat.Dev), stat.Ino)}, "sidehook", "--log-level", "debug")
			log.Close()
			s.expect("READY=1\n.*")
			s.accepts("unix", s.path("s"))
			s.write("webhook: []\n\"two\\nlines\": []\n")
			s.expect("STATUS=edit rejected.*")
			s.signal(syscall.SIGTERM)
			if code := s.ends(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			text := readAll(t, journal)
			priorities := map[string]string{"ERR": "<3>", "WRN": "<4>", "INF": "<6>"}
			seen := map[string]bool{}
			for line := range strings.Lines(text) {
				if !c.prefix {
					if strings.HasPrefix(line, "<") {
						t.Errorf("a line with a priority: %q", line)
					}
					continue
				}
				priority, rest := line[:3], line[3:]
				level, _, _ := strings.Cut(rest, " ")
				if priorities[level] != priority && (level != "DBG" || priority != "<6>") {
					t.Errorf("line %q has not the priority of its level", line)
				}
				seen[level] = true
			}
			if c.prefix && (!seen["ERR"] || !seen["WRN"] || !seen["INF"]) {
				t.Errorf("not all levels are there:\n%s", text)
			}
			if strings.Count(text, "unknown key") != 2 || strings.Contains(text, "\nlines") {
				t.Errorf("not each problem is a line:\n%s", text)
			}
		})
	}
}

// TestJournalOfProblems: errors of a command, such as one of ExecReload=, have their
// priority in the journal.
func TestJournalOfProblems(t *testing.T) {
	log, journal := stream(t)
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(log.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	s := newService(t, "off")
	s.write("webhook: []\n")
	cmd := s.command("check")
	cmd.Stderr, cmd.Env = log, append(os.Environ(), fmt.Sprintf("JOURNAL_STREAM=%d:%d", uint64(stat.Dev), stat.Ino))
	if err := cmd.Run(); err == nil {
		t.Error("exit code 0")
	}
	log.Close()
	if got := readAll(t, journal); !strings.HasPrefix(got, "<3>"+s.path("webhooks.yaml")+":1:1: webhook: unknown key") {
		t.Errorf("got %q", got)
	}
}

// readAll reads a stream until its other end is closed.
func readAll(t *testing.T, f *os.File) string {
	t.Helper()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	var text strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			return text.String()
		}
	}
}
