package command_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/command"
)

// TestStandardLogHasNoText: a receiver breaks the rules of HTTP/2, which net/http says on
// Go's standard logger.
func TestStandardLogHasNoText(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(nil)
	secure.EnableHTTP2 = true
	secure.StartTLS() // for its certificate
	defer secure.Close()
	receiver, err := tls.Listen("tcp", "127.0.0.1:0", secure.TLS)
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	go func() {
		conn, err := receiver.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "\x00\x00\x08\x06\x00\x00\x00\x00\x00hunter2!") // a PING frame before one of SETTINGS
		io.Copy(io.Discard, conn)
	}()
	s := newService(t, "off")
	if err := os.WriteFile(s.path("ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s.write(fmt.Sprintf("listen: {http: off, socket: s}\nwebhooks:\n"+
		"  - {name: a, url: 'https://%s/', events: ['**'], allow: [any-host, 127.0.0.0/8], tls: {ca_file: ca.pem}}\n", receiver.Addr()))
	s.start(nil, nil, "sidehook", "--log-level", "debug")
	s.expect("READY=1\n.*")
	if status, err := s.post("unix", s.path("s")); status != http.StatusAccepted {
		t.Fatalf("answer %d, %v", status, err)
	}
	s.logs("net/http logged a message")
	s.signal(syscall.SIGTERM)
	s.ends()
	if text := s.stderr.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "protocol error") {
		t.Errorf("what the receiver sent is in the log:\n%s", text)
	}
	said := 0
	for _, line := range s.logged("DEBUG") {
		if strings.HasPrefix(fmt.Sprint(line["msg"]), "net/http logged a message") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said so %d times at level debug\n%s", said, s.stderr.String())
	}
}

// TestSecondSignal: a second signal forces quit while a request delays the stop, also
// if the process was started with SIGINT ignored, as by a shell in the background.
// Two signals at the same time count as one.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := newService(t, "off")
	s.start(nil, nil, "sh", "-c", `trap "" INT; exec sidehook "$@"`, "sh")
	s.expect("READY=1\n.*")
	s.hold()
	s.signal(syscall.SIGINT)
	s.signal(syscall.SIGTERM)
	s.expect("STOPPING=1\n.*")
	begun := time.Now()
	time.Sleep(1200 * time.Millisecond)
	if strings.Contains(s.stderr.String(), "forced to quit") {
		t.Fatalf("two signals at once ended it:\n%s", s.stderr.String())
	}
	s.signal(syscall.SIGINT)
	if code := s.ends(); code != 1 || time.Since(begun) > 15*time.Second {
		t.Errorf("exit code %d after %v\n%s", code, time.Since(begun), s.stderr.String())
	}
	if lines := s.logged("ERROR"); len(lines) != 1 || lines[0]["msg"] != "forced to quit by another signal" {
		t.Errorf("logged %v", lines)
	}
}

func TestStopsAgain(t *testing.T) {
	type sent struct {
		after  time.Duration
		signal os.Signal
	}
	for name, c := range map[string]struct {
		sent   []sent
		forced time.Duration // 0: not
	}{
		"none":                 {nil, 0},
		"at once":              {[]sent{{0, syscall.SIGTERM}}, 0},
		"several at once":      {[]sent{{0, syscall.SIGTERM}, {time.Millisecond, syscall.SIGINT}, {999 * time.Millisecond, syscall.SIGTERM}}, 0},
		"a second later":       {[]sent{{time.Second, syscall.SIGTERM}}, time.Second},
		"at once, then later":  {[]sent{{time.Millisecond, syscall.SIGTERM}, {3 * time.Second, syscall.SIGINT}}, 3 * time.Second},
		"a reload is no stop":  {[]sent{{2 * time.Second, syscall.SIGHUP}}, 0},
		"another after reload": {[]sent{{2 * time.Second, syscall.SIGHUP}, {4 * time.Second, syscall.SIGTERM}}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				signals := make(chan os.Signal, 4)
				for _, s := range c.sent {
					time.AfterFunc(s.after, func() { signals <- s.signal })
				}
				forced := command.StopsAgain(ctx, signals, first)
				took := time.Since(first)
				if forced != (c.forced > 0) || forced && took != c.forced {
					t.Errorf("forced %v after %v, want it after %v (0: never)", forced, took, c.forced)
				}
			})
		})
	}
}
