package deliver_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/journal"
	"sidehook/relay/deliver"
)

// On a real journal: what is accepted arrives, a failure is retried, and what a
// stop cuts is delivered by the next process.
func TestOnAJournal(t *testing.T) {
	var mu sync.Mutex
	attempts := map[string]int{}
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		mu.Lock()
		id := r.Header.Get("Sidehook-Event")
		attempts[id]++
		n := attempts[id]
		mu.Unlock()
		switch {
		case id == "fails" && n == 1:
			w.WriteHeader(500)
		case id == "hangs" && n == 1:
			<-r.Context().Done()
		}
	})
	set := settings(t, s.URL)
	set.Retry = []time.Duration{50 * time.Millisecond}
	dir := t.TempDir()
	process := func(during func(*journal.Journal)) {
		j, err := journal.Open(dir, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		writing, stop := context.WithCancel(context.Background())
		written := make(chan error)
		go func() { written <- j.Run(writing) }()
		d := deliver.New(deliver.Journal(j), quiet(deliver.Options{Grace: 50 * time.Millisecond}))
		d.Apply(one(set))
		stopDelivering := run(t, d)
		during(j)
		stopDelivering()
		stop()
		if err := <-written; err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	left := func(j *journal.Journal, want int) {
		t.Helper()
		if !soon(func() bool { return j.Queue("a").Backlog().Events == want }) {
			t.Errorf("%d deliveries are left, want %d", j.Queue("a").Backlog().Events, want)
		}
	}
	process(func(j *journal.Journal) {
		decoder := event.Decoder{Source: "test"}
		for _, id := range []string{"works", "fails", "hangs"} {
			e, err := decoder.Plain([]byte(`{"type":"t","id":"` + id + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := j.Append(context.Background(), []history.Entry{{Event: e, To: []string{"a"}, Generation: 1}}); err != nil {
				t.Fatal(err)
			}
		}
		left(j, 1)
	})
	process(func(j *journal.Journal) { left(j, 0) })
	mu.Lock()
	defer mu.Unlock()
	if attempts["works"] != 1 || attempts["fails"] != 2 || attempts["hangs"] != 2 {
		t.Errorf("got attempts %v", attempts)
	}
}
