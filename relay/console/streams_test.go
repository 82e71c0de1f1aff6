package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/console/session"
	"sidehook/relay/httpd"
)

// TestStreams: a session has four streams at most. The next is told to poll, and gets one
// once another has ended.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		in, _ := v.signedIn(session.View)
		other, _ := v.signedIn(session.View)
		var ends []context.CancelFunc
		open := func(headers []string) int {
			ctx, end := context.WithCancel(t.Context())
			ends = append(ends, end)
			code := make(chan int, 1)
			go func() {
				rec := &streamed{ResponseRecorder: httptest.NewRecorder(), began: code}
				req := httptest.NewRequest("GET", "/live?page=/&after=0", nil).WithContext(ctx)
				req.Host = host
				req.Header.Set("Accept", "text/event-stream")
				req.Header.Set(headers[0], headers[1])
				v.Serve(ctx, rec, req, httpd.Visitor{Port: "4665"})
				rec.begin(rec.Code)
			}()
			return <-code
		}
		for i, want := range []int{200, 200, 200, 200, 204, 204} {
			if got := open(in); got != want {
				t.Errorf("stream %d: %d, want %d", i+1, got, want)
			}
		}
		if got := open(other); got != 200 {
			t.Errorf("of another session: %d", got)
		}
		if w := v.get("/live?page=/&after=0", in...); w.Code != 200 {
			t.Errorf("polling: %d", w.Code)
		}
		ends[1]()
		synctest.Wait()
		if got := open(in); got != 200 {
			t.Errorf("after one has ended: %d", got)
		}
		if got := open(in); got != 204 {
			t.Errorf("after one has ended, twice: %d", got)
		}
		for _, end := range ends {
			end()
		}
	})
}

// streamed is an answer whose status is told once it begins.
type streamed struct {
	*httptest.ResponseRecorder
	began chan int
	told  bool
}

func (s *streamed) begin(code int) {
	if !s.told {
		s.told = true
		s.began <- code
	}
}

func (s *streamed) WriteHeader(code int) { s.ResponseRecorder.WriteHeader(code); s.begin(code) }

func (s *streamed) Write(p []byte) (int, error) { s.begin(http.StatusOK); return len(p), nil }

// TestStreamEnds: a stream ends with its session, which it does not keep from ending.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisit(t)
		in, _ := v.signedIn(session.View)
		time.Sleep(session.Idle - time.Minute)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r := httptest.NewRequest("GET", "/live?page=/&after=0", nil).WithContext(ctx)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set(in[0], in[1])
		v.Serve(ctx, httptest.NewRecorder(), r, httpd.Visitor{Port: "4665"})
		if got := time.Since(start); got < time.Minute || got > time.Minute+2*time.Second {
			t.Errorf("the stream ended after %v", got)
		}
		if w := v.get("/", in...); w.Code != 401 {
			t.Errorf("the session goes on: %d", w.Code)
		}
	})
}
