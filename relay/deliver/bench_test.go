package deliver_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
	"sidehook/relay/deliver"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

const benchConcurrency = 16

var benchEvent = `{"specversion":"1.0","id":"0198c0de-0000-7000-8000-000000000000","source":"app","type":"order.paid","time":"2026-11-23T14:55:00Z","data":"` + strings.Repeat("x", 1<<10) + `"}`

// endless is a queue that never runs dry until n deliveries are done.
type endless struct {
	event      *event.Event
	left, open atomic.Int64
	done       chan struct{}
}

func (q *endless) Notify(func())                        {}
func (q *endless) Waiting() int                         { return 0 }
func (q *endless) Order(queue.Order)                    {}
func (q *endless) Schedule([]time.Duration)             {}
func (q *endless) RetryNow()                            {}
func (q *endless) PullForward(time.Time)                {}
func (q *endless) Unthrottle()                          {}
func (q *endless) Throttled() time.Time                 { return time.Time{} }
func (q *endless) State() history.WebhookState          { return history.WebhookState{} }
func (q *endless) FailureStreak() history.FailureStreak { return history.FailureStreak{} }
func (q *endless) SetState(history.WebhookState)        {}
func (q *endless) Configure(history.Config)             {}
func (q *endless) Due() (time.Time, bool)               { return time.Now(), q.left.Load() > 0 }

func (q *endless) RecordTest(history.Seq, time.Time, ...history.Attempt) error { return nil }

func (q *endless) Claim(queue.ClaimMode) (deliver.Lease, bool) {
	if q.left.Add(-1) < 0 {
		return deliver.Lease{}, false
	}
	return deliver.Lease{Delivery: send.Delivery{Event: q.event, Attempt: 1}, Outcome: q}, true
}

func (q *endless) Done(a history.Attempt) {
	if a.Status != history.Delivered {
		panic(a.Error)
	}
	if q.open.Add(-1) == 0 {
		close(q.done)
	}
}
func (q *endless) Retry(a history.Attempt, _ time.Time)    { panic(a.Error) }
func (q *endless) Release(a *history.Attempt, _ time.Time) { panic(a.Error) }
func (q *endless) Note(a history.Attempt)                  { panic(a.Error) }

func benchServer(b *testing.B) string {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	b.Cleanup(s.Close)
	return s.URL
}

// BenchmarkDeliver is one delivery of 1 KiB, its record included; what it costs
// beside BenchmarkPlainPost, which does nothing but post, is this package's.
func BenchmarkDeliver(b *testing.B) {
	e, err := event.Parse([]byte(benchEvent), nil)
	if err != nil {
		b.Fatal(err)
	}
	q := &endless{event: &e, done: make(chan struct{})}
	q.left.Store(int64(b.N))
	q.open.Store(int64(b.N))
	s := settings(b, benchServer(b))
	s.Concurrency = benchConcurrency
	s.Signers = []*sign.Signer{signer(b)}
	d := deliver.New(func(string) deliver.Queue { return q }, quiet(deliver.Options{}))
	d.Apply(one(s))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	running.Go(func() { d.Run(ctx) })
	<-q.done
	b.StopTimer()
	cancel()
	running.Wait()
}

func BenchmarkPlainPost(b *testing.B) {
	address := benchServer(b)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConcurrency, DisableCompression: true}}
	defer c.CloseIdleConnections()
	var left atomic.Int64
	left.Store(int64(b.N))
	var senders sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range benchConcurrency {
		senders.Go(func() {
			for left.Add(-1) >= 0 {
				resp, err := c.Post(address, "application/json", strings.NewReader(benchEvent))
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	senders.Wait()
}
