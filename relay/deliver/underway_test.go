package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/relay/deliver"
)

// TestBodiesUnderWay has receivers that hang with large bodies, one that answers
// at once, and a relay that is killed three times. The bodies in flight stay
// within their limit, the one that answers is served at once all the time, and
// when the others answer again all arrives.
func TestBodiesUnderWay(t *testing.T) {
	const limit, size, hanging, events = 2 << 20, 100 << 10, 20, 24
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var under, peak int64
		arrived := map[string]map[string]bool{}
		var back atomic.Bool
		var through receiver = func(r *http.Request) (int, error) {
			mu.Lock()
			under += r.ContentLength
			peak = max(peak, under)
			mu.Unlock()
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				under -= r.ContentLength
			}()
			if r.URL.Path != "/well" && !back.Load() {
				<-r.Context().Done()
				return 0, context.Cause(r.Context())
			}
			mu.Lock()
			defer mu.Unlock()
			if arrived[r.URL.Path] == nil {
				arrived[r.URL.Path] = map[string]bool{}
			}
			arrived[r.URL.Path][r.Header.Get("Sidehook-Event")] = true
			return 200, nil
		}
		count := func(path string) int {
			mu.Lock()
			defer mu.Unlock()
			return len(arrived[path])
		}
		hooks := []deliver.Webhook{{Name: "well", Generation: 1, Settings: settings(t, "http://a.example/well")}}
		to := []string{"well"}
		for i := range hanging {
			s := settings(t, fmt.Sprintf("http://a.example/%d", i))
			s.Retry = make([]time.Duration, 100)
			for step := range s.Retry {
				s.Retry[step] = 10 * time.Second
			}
			name := fmt.Sprint("w", i)
			hooks, to = append(hooks, deliver.Webhook{Name: name, Generation: 1, Settings: s}), append(to, name)
		}

		fs, posted := historytest.NewDisk(), 0
		var j *journal.Journal
		process := func() (kill func()) {
			var err error
			if j, err = journal.OpenFS(fs, journal.Options{Bodies: limit, Log: slog.New(slog.DiscardHandler)}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var writing sync.WaitGroup
			writing.Go(func() { j.Run(ctx) })
			d := deliver.New(deliver.Journal(j), quiet(deliver.Options{Grace: time.Millisecond}))
			d.Through(through)
			d.Apply(hooks)
			stop := run(t, d)
			return func() {
				fs = fs.Kill()
				stop()
				cancel()
				writing.Wait()
			}
		}
		post := func(bytes int) {
			t.Helper()
			posted++
			decoder := event.Decoder{Source: "test"}
			e, err := decoder.Plain(fmt.Appendf(nil, `{"type":"t","id":"%d","data":%q}`, posted, strings.Repeat("x", bytes)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := j.Append(context.Background(), []history.Entry{{Event: e, To: to, Generation: 1}}); err != nil {
				t.Fatal(err)
			}
			// A webhook that hurries asks again each second at the least.
			time.Sleep(time.Second)
			synctest.Wait()
			if got := count("/well"); got != posted {
				t.Fatalf("%d events have arrived where nothing hangs a second later, want %d", got, posted)
			}
		}

		kill := process()
		post(1)
		for range events {
			post(size)
		}
		for range 3 {
			kill()
			kill = process()
			post(size)
			post(1)
			time.Sleep(20 * time.Second)
		}
		back.Store(true)
		time.Sleep(2 * time.Minute)
		for i := range hanging {
			if got := count(fmt.Sprintf("/%d", i)); got != posted {
				t.Errorf("webhook %d: %d events have arrived, want %d", i, got, posted)
			}
		}
		kill()
		if peak > limit {
			t.Errorf("%d bytes were in flight, the limit is %d", peak, limit)
		}
		if peak < limit/4 {
			t.Errorf("at most %d bytes were in flight: this tests nothing", peak)
		}
	})
}
