package metrics_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/queue"
	"sidehook/relay/metrics"
)

// many makes the metrics of so many webhooks, of which some have made attempts.
func many(webhooks, busy int) *metrics.Metrics {
	names := make([]string, webhooks)
	now := metrics.State{Webhooks: make([]metrics.Webhook, webhooks)}
	for i := range names {
		names[i] = fmt.Sprint("webhook-", i)
		now.Webhooks[i] = metrics.Webhook{Name: names[i], State: "active", Backlog: queue.Backlog{Events: 1, Oldest: time.Now()}}
	}
	m := metrics.New(metrics.Build{}, func() metrics.State { return now })
	m.Keep(names)
	for _, name := range names[:busy] {
		m.Recorded(name, history.Delivered, 30*time.Millisecond, time.Now())
		m.Recorded(name, history.Retrying, time.Second, time.Now())
	}
	return m
}

// TestIdleIsCheap bounds what webhooks cost that have made no attempt (M2).
func TestIdleIsCheap(t *testing.T) {
	const webhooks, most = 10_000, 300
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	names := make([]string, webhooks)
	for i := range names {
		names[i] = fmt.Sprint("webhook-", i)
	}
	m := metrics.New(metrics.Build{}, nothing)
	before := heap()
	m.Keep(names)
	each := (int64(heap()) - int64(before)) / webhooks
	runtime.KeepAlive(m)
	if each > most {
		t.Errorf("an idle webhook costs %d bytes, more than %d", each, most)
	}
}

// TestTellingIsFree: no allocation for an attempt or an event (M1).
func TestTellingIsFree(t *testing.T) {
	m := many(1, 1)
	got := testing.AllocsPerRun(100, func() {
		m.Recorded("webhook-0", history.Delivered, 30*time.Millisecond, time.Now())
		m.Answered("accepted", 1)
		m.Committed(1, time.Millisecond)
	})
	if got > 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkRecorded(b *testing.B) {
	m := many(10_000, 1)
	at := time.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Recorded("webhook-0", history.Delivered, 30*time.Millisecond, at)
		}
	})
}

// BenchmarkWrite is a scrape of 10,000 webhooks.
func BenchmarkWrite(b *testing.B) {
	for _, busy := range []int{0, 10_000} {
		b.Run(fmt.Sprint("busy=", busy), func(b *testing.B) {
			m := many(10_000, busy)
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Write(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
