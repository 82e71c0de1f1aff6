package deliver_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver"
)

// The waits are those of retry, a tenth longer or shorter, and after the last one
// the delivery is exhausted.
func retryKey(t *testing.T) {
	for _, c := range []struct {
		random float64
		waits  []time.Duration
	}{
		{0, []time.Duration{4500 * time.Millisecond, 270 * time.Second}},
		{0.5, []time.Duration{5 * time.Second, 5 * time.Minute}},
		{1, []time.Duration{5500 * time.Millisecond, 330 * time.Second}},
	} {
		o := deliver.Options{Random: func() float64 { return c.random }}
		bubble(t, settings(t, "http://a.example"), o, always(500), func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
			begun := time.Now()
			q.add("1")
			time.Sleep(time.Second)
			if s, _ := d.Snapshot("a"); !s.Next.Equal(begun.Add(c.waits[0])) || s.LastError != "500 Internal Server Error" {
				t.Errorf("got next after %v, last error %q", s.Next.Sub(begun), s.LastError)
			}
			time.Sleep(time.Hour)
			lines := q.all()
			if len(lines) != 3 {
				t.Fatalf("got %s", show(lines))
			}
			at := begun
			for i, l := range lines {
				want := history.Retrying
				if i == 2 {
					want = history.Exhausted
				}
				if l.Status != want || l.number != i+1 || l.Code != 500 || l.Error != "500 Internal Server Error" || !l.at.Equal(at) {
					t.Errorf("attempt %d is %+v, want it after %v", i+1, l, at.Sub(begun))
				}
				if i < 2 {
					at = at.Add(c.waits[i])
				}
			}
		})
	}
}

// TestWhatCounts has the rows of relay's test of this name, each with more of
// the answers that it holds for.
func TestWhatCounts(t *testing.T) {
	for _, c := range []struct {
		row  string
		code int
		err  error
		how  string
		want history.Status
		text string
	}{
		{"2xx", 200, nil, "done", history.Delivered, ""},
		{"2xx", 204, nil, "done", history.Delivered, ""},
		{"2xx", 299, nil, "done", history.Delivered, ""},
		{"any other answer", 302, nil, "retry", history.Retrying, "302 Found: redirects are not followed; the url has to be the final one"},
		{"any other answer", 304, nil, "retry", history.Retrying, "304 Not Modified"},
		{"any other answer", 400, nil, "retry", history.Retrying, "400 Bad Request"},
		{"410", 410, nil, "done", history.Failed, "410 Gone: the receiver asked to stop"},
		{"give_up_on", 422, nil, "done", history.Failed, "422 Unprocessable Entity: status listed in give_up_on"},
		{"429 without Retry-After", 429, nil, "retry", history.Retrying, "429 Too Many Requests"},
		{"any other answer", 503, nil, "retry", history.Retrying, "503 Service Unavailable"},
		{"503 with Retry-After", 0, throttle(503, "60"), "retry", history.Retrying, "503 Service Unavailable"},
		{"give_up_on", 529, nil, "done", history.Failed, "529: status listed in give_up_on"},
		{"give_up_on", 0, throttle(529, "60"), "done", history.Failed, "529: status listed in give_up_on"},
		{"any other answer", 599, nil, "retry", history.Retrying, "599"},
		{"no answer", 0, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "a.example", IsNotFound: true}}, "retry", history.Retrying, "look up a.example: there is no such name, or it has no address"},
		{"no answer", 0, &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: syscall.ECONNRESET}, "retry", history.Retrying, "read tcp 192.0.2.1:443: connection reset by peer"},
		{"no answer", 0, errors.New("http2: Transport: cannot retry err [stream error: REFUSED_STREAM] after Request.Body was written; define Request.GetBody to avoid this error"), "retry", history.Retrying, "stream error: REFUSED_STREAM"},
	} {
		t.Run(c.row+"/"+cmp.Or(c.text, strconv.Itoa(c.code)), func(t *testing.T) {
			r := receiver(func(*http.Request) (int, error) { return c.code, c.err })
			if asks, ok := c.err.(*throttling); ok {
				c.code = asks.code
			}
			s := settings(t, "http://a.example")
			s.GiveUpOn = []int{204, 422, 529}
			bubble(t, s, deliver.Options{}, r, func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
				q.add("1")
				l := q.wait(t, 1)[0]
				if l.how != c.how || l.Status != c.want || l.Code != c.code || l.Error != c.text {
					t.Errorf("got %s %s %d %q", l.how, l.Status, l.Code, l.Error)
				}
			})
		})
	}
}

// No waiting delivery is forgotten, whatever happens at the same time.
func TestNothingIsForgotten(t *testing.T) {
	s := settings(t, "http://a.example")
	s.Retry = []time.Duration{time.Second, time.Second, time.Minute, time.Minute, time.Minute, time.Minute}
	s.Concurrency = 8
	bubble(t, s, deliver.Options{Random: rand.Float64, MaxWaits: 50}, func(*http.Request) (int, error) {
		if n := rand.IntN(100); n < 20 {
			time.Sleep(time.Duration(n) * time.Millisecond)
		} else if n < 70 {
			return 500, nil
		}
		return 200, nil
	}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
		var apps sync.WaitGroup
		for range 4 {
			apps.Go(func() {
				for range 500 {
					q.add("1")
					if rand.IntN(10) == 0 {
						time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
					}
				}
			})
		}
		for generation := range 20 {
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
			changed := *s
			changed.Concurrency = 1 + rand.IntN(8)
			d.Apply([]deliver.Webhook{{Name: "a", Generation: history.Generation(generation), Settings: &changed}})
		}
		apps.Wait()
		time.Sleep(24 * time.Hour)
		ended := 0
		for _, l := range q.all() {
			if l.how == "done" {
				ended++
			}
		}
		if _, ok := q.Due(); ok || ended != 2000 || q.flight != 0 || q.peak > 8 {
			got, _ := d.Snapshot("a")
			t.Errorf("%d of 2000 ended, %d in flight, at most %d: %+v", ended, q.flight, q.peak, got)
		}
	})
}

// A panic in a delivery is a failed attempt, and nothing else ends by it.
func TestPanic(t *testing.T) {
	n := 0
	bubble(t, settings(t, "http://a.example"), deliver.Options{}, func(*http.Request) (int, error) {
		if n++; n == 1 {
			panic("boom")
		}
		return 200, nil
	}, func(t *testing.T, _ *deliver.Deliverer, q *fakeQueue) {
		q.add("1")
		time.Sleep(time.Minute)
		lines := q.all()
		if len(lines) != 2 || lines[0].Status != history.Retrying || lines[0].Event != "1" ||
			lines[0].Error != "sidehook failed in this attempt: panic: boom" || lines[1].Status != history.Delivered {
			t.Errorf("got %s", show(lines))
		}
	})
}

// At the bound no new delivery is begun, and it continues when there is room. The log
// says so once each.
func TestBoundOfWaits(t *testing.T) {
	for _, o := range []deliver.Options{{MaxWaits: 4}, {MaxAllWaits: 4}} {
		var text bytes.Buffer
		o.Log = slog.New(slog.NewTextHandler(&text, nil))
		s := settings(t, "http://a.example")
		s.Concurrency = 1
		s.Retry = []time.Duration{time.Minute}
		var up atomic.Bool
		bubble(t, s, o, func(r *http.Request) (int, error) {
			if up.Load() || r.Header.Get("Sidehook-Event") == "good" {
				return 200, nil
			}
			return 500, nil
		}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
			q.add("1", "good", "2", "3", "good", "4", "5", "good", "6")
			time.Sleep(30 * time.Second)
			if n := q.Waiting(); n != 4 || len(q.all()) != 6 {
				t.Errorf("%d wait: %s", n, show(q.all()))
			}
			up.Store(true)
			time.Sleep(2 * time.Minute)
			if _, ok := q.Due(); ok {
				t.Errorf("some are left: %s", show(q.all()))
			}
		})
		log := text.String()
		if strings.Count(log, "webhook has no room: ") != 1 || strings.Count(log, "webhook has room again: ") != 1 || !strings.Contains(log, " waiting=4 ") {
			t.Errorf("got the log\n%s", log)
		}
	}
}

// Faults of this machine are no failures of the receiver's, and logged once for
// as long as they last.
func TestLocalFaults(t *testing.T) {
	for _, fault := range []error{
		&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EMFILE},
		fmt.Errorf("x: %w", syscall.ENOBUFS),
		&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Name: "a", Err: "dial udp 1.1.1.1:53: socket: too many open files"}},
	} {
		s := settings(t, "http://a.example")
		var over atomic.Bool
		var text bytes.Buffer
		o := deliver.Options{Log: slog.New(slog.NewTextHandler(&text, nil))}
		bubble(t, s, o, func(*http.Request) (int, error) {
			if over.Load() {
				return 200, nil
			}
			return 0, fault
		}, func(t *testing.T, d *deliver.Deliverer, q *fakeQueue) {
			q.add("1", "2", "3", "4", "5", "6")
			time.Sleep(9500 * time.Millisecond)
			for _, l := range q.all() {
				if l.how != "release" || l.Status != history.Retrying || l.number != 1 || l.next.Sub(l.at) != time.Second || l.Error == "" {
					t.Fatalf("got %+v", l)
				}
			}
			if n := len(q.all()); n < 9 || n > 10*s.Concurrency {
				t.Errorf("%d tries in 10 s", n)
			}
			if got, _ := d.Snapshot("a"); got.State != "active" {
				t.Errorf("got state %s", got.State)
			}
			n := len(q.all())
			over.Store(true)
			time.Sleep(2 * time.Second)
			for _, l := range q.all()[n:] {
				if l.Status != history.Delivered || l.number != 1 {
					t.Errorf("got %+v", l)
				}
			}
			time.Sleep(5 * time.Second)
			q.add("7")
			time.Sleep(time.Second)
			q.add("8")
			time.Sleep(time.Second)
			begins, ends := `level=ERROR msg="this machine cannot make requests; trying again each second" webhook=a error="`, fmt.Sprintf("level=INFO msg=\"requests can be made again\" failures=%d after=", n)
			if got := text.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, begins) || !strings.Contains(got, ends) {
				t.Errorf("got the log\n%s", got)
			}
		})
	}
}

// TestBoundOfAllWaitsOnceTheyEnd: deliveries of a webhook that is paused make
// room for those of another when they end without being claimed.
func TestBoundOfAllWaitsOnceTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := map[string]*fakeQueue{"a": newQueue(), "b": newQueue()}
		d := deliver.New(open(queues), quiet(deliver.Options{MaxAllWaits: 2}))
		d.Through(answering(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 500, Body: http.NoBody, Request: r}, nil
		}))
		s := settings(t, "http://127.0.0.1:1/")
		s.Retry = []time.Duration{24 * time.Hour}
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 1, Settings: s}, {Name: "b", Generation: 1, Settings: s}})
		stop := run(t, d)
		defer stop()
		a, b := queues["a"], queues["b"]
		a.add("1", "2")
		time.Sleep(time.Minute)
		b.add("3")
		time.Sleep(time.Minute)
		if n := len(b.all()); n != 0 || a.Waiting() != 2 {
			t.Fatalf("%d attempts while %d deliveries wait, want none", n, a.Waiting())
		}
		paused := *s
		paused.Paused = true
		d.Apply([]deliver.Webhook{{Name: "a", Generation: 2, Settings: &paused}, {Name: "b", Generation: 2, Settings: s}})
		a.mu.Lock()
		a.waits = nil
		wake := a.wake
		a.mu.Unlock()
		wake()
		time.Sleep(2 * time.Second)
		if n := len(b.all()); n != 1 {
			t.Errorf("%d attempts once there is room, want 1", n)
		}
	})
}
