package losses_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/losses"
)

// TestLog: the first loss of a webhook is logged at once, those within a minute as one line
// at its end, with a count, and at a stop what is left.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var log bytes.Buffer
		g := losses.NewLog(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.String("at", time.Since(begun).String())
			}
			return a
		}})))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { g.Run(ctx); g.Close() })
		lose := func(webhook, event string, status history.Status) {
			g.Recorded(&history.Recorded{Webhook: webhook, Number: 10, Attempt: history.Attempt{Event: event, Type: "a.b", Status: status, Error: "500"}})
		}
		for i := range 100 {
			lose("one", fmt.Sprint("e", i), history.Exhausted)
			time.Sleep(100 * time.Millisecond)
		}
		lose("two", "e1", history.Failed)
		lose("one", "delivered", history.Delivered)
		lose("one", "again", history.Retrying)
		lose("one", "canceled", history.Canceled)
		g.Recorded(&history.Recorded{Webhook: "one", Test: true, Attempt: history.Attempt{Event: "test", Status: history.Failed}})
		time.Sleep(10 * time.Minute)
		lose("one", "late", history.Expired)
		lose("one", "last", history.Expired)
		stop()
		running.Wait()
		want := strings.Join([]string{
			`at=0s level=WARN msg="a delivery was given up" webhook=one event=e0 type=a.b status=exhausted attempts=10 error=500 count=1`,
			`at=10s level=WARN msg="a delivery was given up" webhook=two event=e1 type=a.b status=failed attempts=10 error=500 count=1`,
			`at=1m0s level=WARN msg="a delivery was given up" webhook=one event=e99 type=a.b status=exhausted attempts=10 error=500 count=99`,
			`at=10m10s level=WARN msg="a delivery was given up" webhook=one event=late type=a.b status=expired attempts=10 error=500 count=1`,
			`at=10m10s level=WARN msg="a delivery was given up" webhook=one event=last type=a.b status=expired attempts=10 error=500 count=1`,
		}, "\n") + "\n"
		if got := log.String(); got != want {
			t.Errorf("logged\n%s\nwant\n%s", got, want)
		}
	})
}

// TestLastHour: the count has what ended without arriving, for an hour, and nothing else.
func TestLastHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h losses.LastHour
		for _, a := range []history.Recorded{
			{Attempt: history.Attempt{Status: history.Failed}},
			{Attempt: history.Attempt{Status: history.Canceled}},
			{Attempt: history.Attempt{Status: history.Expired}},
			{Attempt: history.Attempt{Status: history.Delivered}},
			{Attempt: history.Attempt{Status: history.Retrying}},
			{Attempt: history.Attempt{Status: history.Canceled, RenamedTo: "two"}},
			{Attempt: history.Attempt{Status: history.Failed}, Test: true},
		} {
			a.Webhook = "one"
			h.Recorded(&a)
		}
		check := func(when string, want int) {
			t.Helper()
			if got := h.Count("one", time.Now()); got != want {
				t.Errorf("%s: got %d, want %d", when, got, want)
			}
		}
		check("at once", 3)
		time.Sleep(30 * time.Minute)
		h.Add("one", time.Now(), 2)
		check("with a later minute", 5)
		time.Sleep(31 * time.Minute)
		check("after an hour", 2)
		h.Keep(func(webhook string) bool { return webhook == "two" })
		check("after it was removed", 0)
	})
}
