package systemd_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/relay/systemd"
)

// notified is the socket that a service manager hears at.
func notified(t *testing.T) *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return c
}

// hear returns the next datagram, "" if none comes in time.
func hear(c *net.UnixConn, patience time.Duration) string {
	buf := make([]byte, 4096)
	c.SetReadDeadline(time.Now().Add(patience))
	n, _ := c.Read(buf)
	return string(buf[:n])
}

func TestTells(t *testing.T) {
	c := notified(t)
	m := systemd.New(slog.New(slog.DiscardHandler))
	m.Reloading() // none is told of before it is ready
	m.Reloaded("early")
	m.Ready("one\ntwo=2")
	m.Ready("again")
	m.Reloading()
	m.Reloaded("anew")
	m.Status("busy")
	m.Stopping("bye")
	m.Reloading()
	m.Reloaded("late")
	m.Ready("late")
	m.Status("last")
	for _, want := range []string{
		"READY=1\nSTATUS=one", "RELOADING=1\nMONOTONIC_USEC=[0-9]+", "READY=1\nSTATUS=anew",
		"STATUS=busy", "STOPPING=1\nSTATUS=bye", "STATUS=last", "",
	} {
		if got := hear(c, 100*time.Millisecond); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	var out bytes.Buffer
	m := systemd.New(slog.New(slog.NewTextHandler(&out, nil)))
	m.Ready("x")
	m.Feed(t.Context(), func() error { t.Error("there is no watchdog"); return nil })
	if out.Len() > 0 {
		t.Errorf("logged %s", out.String())
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	m.Status("x")
	m.Status("y")
	if got := strings.Count(out.String(), "cannot notify systemd"); got != 1 {
		t.Errorf("said %d times: %s", got, out.String())
	}
}

// TestFeed feeds while it is healthy, not while it is not, and again after it.
func TestFeed(t *testing.T) {
	c := notified(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	var out bytes.Buffer
	m := systemd.New(slog.New(slog.NewTextHandler(&out, nil)))
	ctx, stop := context.WithCancel(t.Context())
	var ill atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Feed(ctx, func() error {
			if ill.Load() {
				return errors.New("the writer is dead")
			}
			return nil
		})
	}()
	for range 5 {
		if got := hear(c, time.Second); got != "WATCHDOG=1" {
			t.Fatalf("told %q, want a sign of life", got)
		}
	}
	ill.Store(true)
	for got := ""; got != "STATUS=unhealthy: the writer is dead"; got = hear(c, time.Second) {
		if got != "" && got != "WATCHDOG=1" {
			t.Fatalf("told %q", got)
		}
	}
	if got := hear(c, 100*time.Millisecond); got != "" {
		t.Errorf("told %q while it is ill", got)
	}
	ill.Store(false)
	if got := hear(c, time.Second); got != "WATCHDOG=1" {
		t.Errorf("told %q, want a sign of life", got)
	}
	stop()
	<-ended
	if got := strings.Count(out.String(), "the writer is dead"); got != 1 {
		t.Errorf("said %d times: %s", got, out.String())
	}
}

func TestWatchdogUnreadable(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "soon")
	var out bytes.Buffer
	systemd.New(slog.New(slog.NewTextHandler(&out, nil))).Feed(t.Context(), nil)
	if !strings.Contains(out.String(), "WATCHDOG_USEC") {
		t.Errorf("logged %q", out.String())
	}
}
