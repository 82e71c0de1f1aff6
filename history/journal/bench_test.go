package journal_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
)

// BenchmarkAppend is an event that is accepted on a disk in memory, of 64 requests at a
// time with one each, or of four with a thousand each.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ requests, events int }{{64, 1}, {4, 1000}} {
		b.Run(fmt.Sprintf("%d", c.events), func(b *testing.B) {
			j, err := journal.OpenFS(memfs.New(), journal.Options{SegmentSize: 8 << 20})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- j.Run(ctx) }()
			var next, ids atomic.Int64
			var all sync.WaitGroup
			decoder := event.Decoder{Source: "bench"}
			to := []string{"orders"}
			b.ReportAllocs()
			b.ResetTimer()
			for range c.requests {
				all.Go(func() {
					entries := make([]history.Entry, c.events)
					e, err := decoder.Plain([]byte(`{"type":"order.paid","data":{"sku":"LMP-0042-BK","quantity":2}}`))
					if err != nil {
						b.Error(err)
					}
					for i := range entries {
						entries[i] = history.Entry{Event: e, To: to, Generation: 1}
					}
					for next.Add(int64(c.events)) <= int64(max(b.N, c.events)) {
						for i := range entries {
							entries[i].Event.ID = fmt.Sprint(ids.Add(1))
						}
						if _, err := j.Append(b.Context(), entries); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
			j.Close()
		})
	}
}
