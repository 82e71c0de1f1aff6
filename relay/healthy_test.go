package relay_test

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/relay"
)

// A relay is healthy until the writer of one of its streams dies: that is reported, is logged at once with the reason, and ends Run.
func healthzCall(t *testing.T) {
	for _, stream := range []string{"events", "deliveries"} {
		t.Run(stream, func(t *testing.T) {
			s := newReceiver(t)
			h := &host{t: t, dir: t.TempDir()}
			var log bytes.Buffer
			opened := make(chan struct{})
			r, err := relay.New(h.load("webhooks:\n"+hook(s, "one", "")), relay.Options{
				Log: slog.New(slog.NewTextHandler(&log, nil)), Opened: func([]net.Addr) { close(opened) },
			})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- r.Run(t.Context()) }()
			<-opened
			if code := h.post("e1"); code != 202 {
				t.Fatalf("answer %d", code)
			}
			eventually(t, "e1 arrives", func() bool { return s.count("/one", "e1") == 1 })
			if err := r.Healthy(); err != nil {
				t.Fatal(err)
			}
			segments, err := filepath.Glob(filepath.Join(h.dir, "history", stream+"-*.jsonl"))
			if err != nil || len(segments) != 1 {
				t.Fatalf("segments %v, %v", segments, err)
			}
			if err := os.Remove(segments[0]); err != nil {
				t.Fatal(err)
			}
			h.post("e2")
			err = <-ended
			if err == nil || !strings.HasPrefix(err.Error(), "the journal has failed") {
				t.Fatalf("run: %v", err)
			}
			if err := r.Healthy(); err == nil {
				t.Error("it is healthy")
			}
			if got := log.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, filepath.Base(segments[0])) {
				t.Errorf("logged\n%s", got)
			}
		})
	}
}
