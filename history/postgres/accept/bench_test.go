package accept_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// BenchmarkAppend accepts events of 1 KiB from many clients, one a request, in
// PostgreSQL and in files, both on the same disk and synced.
func BenchmarkAppend(b *testing.B) {
	for _, clients := range []int{1, 64, 512} {
		b.Run(fmt.Sprint("postgres/", clients), func(b *testing.B) {
			s := postgrestest.Start(b, "fsync=on", "shared_buffers=256MB", "max_wal_size=4GB")
			m := start(b, s, "", database.Options{}, accept.Options{})
			measure(b, clients, m.Append)
		})
		b.Run(fmt.Sprint("files/", clients), func(b *testing.B) {
			j, err := journal.Open(b.TempDir(), journal.Options{})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- j.Run(ctx) }()
			measure(b, clients, j.Append)
			cancel()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
			if err := j.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func measure(b *testing.B, clients int, accept func(context.Context, []history.Entry) ([]history.Receipt, error)) {
	data := `"` + strings.Repeat("x", 1000) + `"`
	entries := make([]history.Entry, b.N)
	for i := range entries {
		entries[i] = entry(b, fmt.Sprint(i), data, "a", "b")
	}
	b.ResetTimer()
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := next.Add(1); int(i) <= b.N; i = next.Add(1) {
				if _, err := accept(context.Background(), entries[i-1:i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "accepts/s")
}
