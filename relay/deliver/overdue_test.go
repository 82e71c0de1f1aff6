package deliver_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history/queue"
	"sidehook/relay/deliver"
)

// deaf is a queue that does not tell of what comes: a worker of it is stuck.
type deaf struct{ *fakeQueue }

func (deaf) Notify(func()) {}

// barren is a queue whose file cannot be read now, or which is full.
type barren struct{ *fakeQueue }

func (barren) Claim(queue.ClaimMode) (deliver.Lease, bool) { return deliver.Lease{}, false }

// stuck is a queue whose file takes for ever to be read.
type stuck struct {
	*fakeQueue
	release chan struct{}
}

func (s stuck) Claim(queue.ClaimMode) (deliver.Lease, bool) {
	<-s.release
	return deliver.Lease{}, false
}

// answering is a receiver in a bubble.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestOverdue(t *testing.T) {
	hang := answering(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	fail := answering(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 500, Body: http.NoBody, Request: r}, nil
	})
	gone := answering(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 410, Body: http.NoBody, Request: r}, nil
	})
	for name, c := range map[string]struct {
		queue func(*fakeQueue) deliver.Queue
		edit  func(*deliver.Settings)
		far   http.RoundTripper
		want  string
	}{
		"a wake was lost":        {queue: func(q *fakeQueue) deliver.Queue { return deaf{q} }, want: `webhook "a" has had a delivery due for 1m`},
		"it cannot be read":      {queue: func(q *fakeQueue) deliver.Queue { return barren{q} }},
		"it takes long to read":  {queue: func(q *fakeQueue) deliver.Queue { return stuck{q, make(chan struct{})} }},
		"paused":                 {queue: func(q *fakeQueue) deliver.Queue { return deaf{q} }, edit: func(s *deliver.Settings) { s.Paused = true }},
		"off":                    {queue: func(q *fakeQueue) deliver.Queue { return deaf{q} }, edit: func(s *deliver.Settings) { s.Off = true }},
		"all requests under way": {far: hang, edit: func(s *deliver.Settings) { s.Timeout, s.Concurrency = time.Hour, 2 }},
		"failing":                {far: fail},
		"disabled":               {far: gone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				var opened deliver.Queue = q
				if c.queue != nil {
					opened = c.queue(q)
				}
				s := settings(t, "http://127.0.0.1:1/")
				if c.edit != nil {
					c.edit(s)
				}
				d := deliver.New(func(string) deliver.Queue { return opened }, quiet(deliver.Options{}))
				if c.far == nil {
					c.far = fail
				}
				d.Through(c.far)
				d.Apply(one(s))
				stop := run(t, d)
				defer stop()
				if s, ok := opened.(stuck); ok {
					defer close(s.release)
				}
				time.Sleep(time.Hour)
				if err := d.Overdue(); err != nil {
					t.Errorf("with nothing due: %v", err)
				}
				q.add("1", "2", "3", "4", "5", "6", "7", "8")
				for at := time.Duration(0); at < 59*time.Second; at += time.Second {
					if err := d.Overdue(); err != nil {
						t.Fatalf("after %s: %v", at, err)
					}
					time.Sleep(time.Second)
				}
				time.Sleep(2 * time.Second)
				got := ""
				if err := d.Overdue(); err != nil {
					got = err.Error()
				}
				if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// TestOverdueSeldom: what was claimed between two looks was not overdue.
func TestOverdueSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		d := deliver.New(func(string) deliver.Queue { return q }, quiet(deliver.Options{}))
		slow := answering(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		})
		d.Through(slow)
		s := settings(t, "http://127.0.0.1:1/")
		s.Concurrency = 1
		d.Apply(one(s))
		stop := run(t, d)
		defer stop()
		for range 20 {
			q.add("1", "2", "3", "4")
			if err := d.Overdue(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}
