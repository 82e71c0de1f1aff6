package relay_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// logged is a log that a relay may still write while it is read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// logger returns a logger to it, without the time.
func (l *logged) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines returns the lines that hold a text.
func (l *logged) lines(text string) (list []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// checkLines compares lines of the log, in which numbers that vary are cut out.
func checkLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	varying := regexp.MustCompile(`(oldest|took)=\S+`)
	for i := range got {
		got[i] = varying.ReplaceAllString(got[i], "$1=…")
	}
	if !slices.Equal(got, want) {
		t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestLog goes through what the log says of a relay from its start to its stop.
func TestLog(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gives-up":
			w.WriteHeader(400)
		case "/gone":
			w.WriteHeader(410)
		case "/throttles":
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}
	})
	var log logged
	h := &host{t: t, dir: t.TempDir(), log: log.logger(slog.LevelDebug)}
	webhooks := "webhooks:\n" + hook(s, "works", "") + hook(s, "gives-up", ", give_up_on: [400]") + hook(s, "gone", "") + hook(s, "throttles", "")
	h.start(webhooks)
	h.post("e1")
	for _, name := range []string{"works", "gives-up", "gone", "throttles"} {
		eventually(t, "an attempt for "+name, func() bool { return len(log.lines("msg=attempt webhook="+name)) == 1 })
	}
	eventually(t, "gone is disabled", func() bool { return h.standing("gone").State == "disabled" })
	eventually(t, "throttles is throttled", func() bool { return h.standing("throttles").State == "throttled" })
	h.post("e2") // which waits for both
	eventually(t, "e2 arrives", func() bool { return s.count("/works", "e2") == 1 })
	eventually(t, "e2 is recorded", func() bool { return len(log.lines("msg=attempt webhook=works")) == 2 })
	checkLines(t, log.lines("level=INFO msg=starting"), `level=INFO msg=starting waiting=0`)
	checkLines(t, log.lines("msg=attempt webhook=works event=e1"), `level=DEBUG msg=attempt webhook=works event=e1 type=a.b attempt=1 status=delivered code=200 took=…`)
	checkLines(t, log.lines("level=WARN msg=\"a delivery was given up\" webhook=gives-up")[:1],
		`level=WARN msg="a delivery was given up" webhook=gives-up event=e1 type=a.b status=failed attempts=1 error="400 Bad Request: status listed in give_up_on" count=1`)

	h.apply("# the same\n" + webhooks)
	h.apply("webhooks:\n" + strings.Replace(hook(s, "renamed", ", was: works, timeout: 3s"), s.URL+"/renamed", s.URL+"/works", 1) +
		hook(s, "gone", ", description: only this") + hook(s, "throttles", ", give_up_on: [400]") + hook(s, "new", ""))
	checkLines(t, log.lines(`msg="configuration reloaded"`),
		`level=INFO msg="configuration reloaded" generation=1 webhooks=4 effect=none`,
		`level=INFO msg="configuration reloaded" generation=2 webhooks=4 added=new changed=throttles renamed="works to renamed" removed=gives-up`)
	eventually(t, "throttles is throttled again", func() bool { return h.standing("throttles").State == "throttled" })
	h.end()
	waiting := log.lines("deliveries have stopped")
	checkLines(t, waiting, `level=INFO msg="deliveries have stopped; those that wait go on at the next start" waiting=3 for_webhooks=2 oldest=…`)

	var second logged
	h.log = second.logger(slog.LevelInfo)
	h.start("webhooks:\n" + hook(s, "gone", "") + hook(s, "throttles", ", give_up_on: [400]"))
	h.end()
	checkLines(t, second.lines("msg=starting"), `level=INFO msg=starting waiting=3 for_webhooks=2 oldest=… throttled=throttles disabled=gone`)
	if got := second.lines("level=DEBUG"); len(got) > 0 {
		t.Errorf("logged at info: %q", got)
	}
}
