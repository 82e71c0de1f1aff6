//go:build linux

package relay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// disturb does one thing that the program must bear, for a few seconds at most.
func (s *soak) disturb(process *os.Process) {
	for1to := func(most time.Duration) { time.Sleep(100*time.Millisecond + time.Duration(s.rand.Int64N(int64(most)))) }
	nemeses := []struct {
		name string
		do   func()
	}{
		{"stop", func() {
			process.Signal(syscall.SIGSTOP)
			for1to(3 * time.Second)
			process.Signal(syscall.SIGCONT)
		}},
		{"reload", func() { s.write(s.soakFile(1+s.rand.IntN(32), "")) }},
		{"bad edit", func() { s.write("webhooks: [{nmae: x}]\n") }},
		{"pause", func() {
			s.write(s.soakFile(16, ", paused: true"))
			for1to(2 * time.Second)
			s.write(s.soakFile(16, ""))
		}},
		{"receiver down", func() { s.answers(down); for1to(2 * time.Second); s.answers(good) }},
		{"receiver resets", func() { s.answers(resets); for1to(2 * time.Second); s.answers(good) }},
		{"receiver slow", func() { s.answers(late); for1to(2 * time.Second); s.answers(good) }},
		{"resend", func() {
			s.call("/v1/resend", fmt.Sprintf(`{"since":%q}`, time.Now().Add(-20*time.Second).UTC().Format(time.RFC3339)))
		}},
		{"cancel", func() { s.call("/v1/cancel", `{"webhook":"slow"}`) }},
		{"retry", func() { s.call("/v1/webhooks/failing/retry", "") }},
	}
	n := nemeses[s.rand.IntN(len(nemeses))]
	s.done[n.name]++
	n.do()
}

func (s *soak) answers(mode int32) { s.to.mode.Store(mode) }

// call calls the API, which may be busy with something else that is done to it.
func (s *soak) call(path, body string) {
	resp, err := s.client.Post("http://localhost"+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Errorf("%s: %v", path, err)
		return
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		s.t.Errorf("%s: %d %s", path, resp.StatusCode, text)
	}
}

// How a receiver of a soak answers.
const (
	good int32 = iota
	down
	resets
	late
)

// soakReceiver counts what it answers with 200, by webhook and number.
type soakReceiver struct {
	*httptest.Server
	mode atomic.Int32

	mu       sync.Mutex
	got      map[string][]uint8
	tried    map[string][]uint8 // what it answered otherwise
	last     int                // of the webhook "ordered"
	disorder []string
}

func newSoakReceiver(t *testing.T) *soakReceiver {
	r := &soakReceiver{got: map[string][]uint8{}, tried: map[string][]uint8{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP fails at "failing" at first, or for good. A resend always arrives.
func (r *soakReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	io.Copy(io.Discard, req.Body)
	webhook, again := req.URL.Path[1:], req.Header.Get("Sidehook-Resend") == "true"
	n, _ := strconv.Atoi(req.Header.Get("Sidehook-Event"))
	switch r.mode.Load() {
	case down:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case resets:
		panic(http.ErrAbortHandler)
	case late:
		time.Sleep(300 * time.Millisecond)
	}
	if webhook == "slow" {
		time.Sleep(time.Duration(20+n%40) * time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case webhook == "failing" && !again && n%5 == 0:
		w.WriteHeader(http.StatusBadRequest)
	case webhook == "failing" && n%7 == 1 && add(r.tried, webhook, n) == 1:
		w.WriteHeader(http.StatusInternalServerError)
	default:
		if times := add(r.got, webhook, n); webhook == "ordered" && !again && times == 1 {
			if n < r.last {
				r.disorder = append(r.disorder, fmt.Sprintf("event %d arrived after %d", n, r.last))
			}
			r.last = n
		}
	}
}

// add counts one, and returns how many there are.
func add(counts map[string][]uint8, webhook string, n int) uint8 {
	list := counts[webhook]
	if n >= len(list) {
		list = append(list, make([]uint8, n+1-len(list))...)
		counts[webhook] = list
	}
	if list[n] < 255 {
		list[n]++
	}
	return list[n]
}

func (r *soakReceiver) count(webhook string, n int) uint8 {
	if list := r.got[webhook]; n < len(list) {
		return list[n]
	}
	return 0
}

// ends are deliveries that ended without having arrived, as the history tells before it
// removes them.
type ends struct {
	since time.Time
	list  map[string]map[int]bool // by webhook
}

func (e *ends) has(webhook string, n int) bool { return e.list[webhook][n] }

func (e *ends) count() (n int) {
	for _, list := range e.list {
		n += len(list)
	}
	return n
}

// read reads those since the last time. It fails if the process does not answer.
func (e *ends) read(p *process) {
	p.t.Helper()
	begun := time.Now()
	if e.list == nil {
		e.list = map[string]map[int]bool{}
	}
	query := url.Values{"status": {"failed,exhausted,expired,canceled"}, "limit": {"1000"}}
	if !e.since.IsZero() {
		query.Set("since", e.since.Add(-10*time.Second).UTC().Format(time.RFC3339))
	}
	for {
		text := p.text("/v1/deliveries?" + query.Encode())
		var page struct {
			Deliveries []struct{ Webhook, Event string }
			Cursor     string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || !strings.Contains(text, `"deliveries"`) {
			p.t.Fatalf("deliveries: %v %s", err, text)
		}
		for _, d := range page.Deliveries {
			n, _ := strconv.Atoi(d.Event)
			if e.list[d.Webhook] == nil {
				e.list[d.Webhook] = map[int]bool{}
			}
			e.list[d.Webhook][n] = true
		}
		if page.Cursor == "" {
			break
		}
		query.Set("cursor", page.Cursor)
	}
	e.since = begun
}
