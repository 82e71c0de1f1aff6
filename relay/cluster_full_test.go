package relay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// TestClusterUnderMaxSize has several times max_size pass through two relays, so that
// partitions are ended, removed and made all the time while both accept, deliver, read and
// resend. Nobody waits for long, no number is left out, and all arrives.
func TestClusterUnderMaxSize(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	db := postgrestest.Start(t, "fsync=off")
	if err := database.Install(t.Context(), db.OwnerURL(), "hooks", postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	arrived := map[string]int{} // by path and event
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		arrived[r.URL.Path+" "+r.Header.Get("Sidehook-Event")]++
	}))
	defer s.Close()
	file := func(member string) string {
		text := fmt.Sprintf("history: {max_size: 16MiB}\ncluster: {postgres: '%s', schema: hooks, name: %s, sync: storage, lease: 5s}\nwebhooks:\n", db.URL(), member)
		for i := range 2 {
			text += fmt.Sprintf("  - {name: w%d, url: '%s/w%[1]d', events: ['a.*'], allow: [http, any-host, 127.0.0.0/8]}\n", i, s.URL)
		}
		return text
	}
	hosts := []*host{newHost(t, file("host-a")), newHost(t, file("host-b"))}

	const events = 1200
	data := noise(32 << 10)
	var next, resends, ended, longest atomic.Int64
	var posting, beside sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		h := hosts[i%2]
		posting.Go(func() {
			for n := next.Add(1); n <= events; n = next.Add(1) {
				body := fmt.Sprintf(`{"type":"a.b","id":"e%d","data":{"x":%q}}`, n, data)
				got := http.StatusInsufficientStorage
				var begun time.Time
				for deadline := time.Now().Add(patience); got == http.StatusInsufficientStorage && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					begun = time.Now()
					got = h.call("POST", "/v1/events", body, nil)
				}
				if took := time.Since(begun); took > time.Duration(longest.Load()) {
					longest.Store(int64(took))
				}
				if got != http.StatusAccepted {
					t.Errorf("e%d: got %d", n, got)
				}
			}
		})
	}
	for _, h := range hosts {
		for _, path := range []string{"/v1/events?limit=20", "/v1/deliveries?limit=20", "/v1/stats", "/v1/events?waiting=true&limit=20"} {
			beside.Go(func() {
				for !isClosed(stop) {
					if got := h.call("GET", path, "", nil); got != http.StatusOK {
						t.Errorf("%s: got %d", path, got)
					}
				}
			})
		}
		beside.Go(func() {
			for !isClosed(stop) {
				path := fmt.Sprintf("/v1/events/e%d/resend", max(1, next.Load()-20))
				var resent struct{ Seq int }
				switch got := h.call("POST", path, `{"webhooks": ["w0"]}`, &resent); got {
				case http.StatusAccepted:
					if resent.Seq > 0 { // else what waits was made due
						resends.Add(1)
					}
				case http.StatusOK, http.StatusNotFound, http.StatusInsufficientStorage: // it waits, is not accepted yet, or is removed; or there is no room
				default:
					t.Errorf("%s: got %d", path, got)
				}
			}
		})
	}
	beside.Go(func() {
		last := ""
		for !isClosed(stop) {
			first := db.Value(t, `SELECT max(first) FROM hooks.parts p JOIN hooks.head h USING (stream) WHERE stream = 'events' AND p.first <= h.last`)
			if first != last {
				ended.Add(1)
			}
			last = first
		}
	})
	posting.Wait()
	close(stop)
	beside.Wait()
	for n := range events {
		for i := range 2 {
			eventually(t, fmt.Sprintf("e%d arrives at w%d", n+1, i), func() bool {
				mu.Lock()
				defer mu.Unlock()
				return arrived[fmt.Sprintf("/w%d e%d", i, n+1)] > 0
			})
		}
	}
	for _, stream := range []string{"events", "ids", "attempts"} {
		number := map[string]string{"events": "seq"}[stream]
		if number == "" {
			number = "n"
		}
		if got := db.Value(t, fmt.Sprintf(`SELECT string_agg(x::text, ', ') FROM (SELECT %s AS x, lag(%[1]s) OVER (ORDER BY %[1]s) AS before FROM hooks.%s) n
			WHERE x <> before + 1 AND NOT EXISTS (SELECT FROM hooks.parts WHERE stream = '%[2]s' AND first = x)`, number, stream)); got != "" {
			t.Errorf("%s: there is a gap before %s", stream, got)
		}
	}
	if got, want := db.Value(t, `SELECT last FROM hooks.head WHERE stream = 'ids'`), fmt.Sprint(events); got != want {
		t.Errorf("%s events are numbered, want %s", got, want)
	}
	if got, want := db.Value(t, `SELECT last FROM hooks.head WHERE stream = 'events'`), fmt.Sprint(events+resends.Load()); got != want {
		t.Errorf("%s records are numbered, want %s", got, want)
	}
	if got := db.Value(t, `SELECT sum(deadlocks) FROM pg_stat_database`); got != "0" {
		t.Errorf("%s deadlocks", got)
	}
	if n := ended.Load(); n < 2 {
		t.Errorf("%d partitions were filled or ended, want more", n)
	}
	t.Logf("%d partitions, %d resends; the slowest post took %v", ended.Load(), resends.Load(), time.Duration(longest.Load()))
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
