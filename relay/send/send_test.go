package send_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

var (
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	discard  = log.New(io.Discard, "", 0)
)

// settings are those of a webhook at an address of this machine.
func settings(t testing.TB, address string) *send.Settings {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &send.Settings{
		URL: u, Shown: u.Scheme + "://" + u.Host + u.Path, UserAgent: "sidehook/test",
		Timeout: 5 * time.Second, Concurrency: 4, Allow: loopback,
	}
}

func signer(t testing.TB, scheme sign.Scheme, secret string) *sign.Signer {
	t.Helper()
	s, err := sign.New(scheme, keys(t, secret)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keys(t testing.TB, secrets ...string) (keys []sign.Key) {
	for _, secret := range secrets {
		key, err := sign.ParseSecret(secret)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// server is a receiver.
func server(t testing.TB, answer http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(answer)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// seen is a request that a receiver got.
type seen struct {
	*http.Request
	body string
}

// recorder is a receiver that hands on what it gets.
func recorder(t testing.TB, code int) (address string, got chan seen) {
	got = make(chan seen, 100)
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r, string(body)}
		w.WriteHeader(code)
	})
	return s.URL, got
}

// sender makes one attempt at each event that it is given, as many at once as
// its settings say.
type sender struct {
	client  *send.Client
	record  send.Record
	room    chan struct{} // a place for each request in flight
	ctx     context.Context
	running sync.WaitGroup

	mu      sync.Mutex
	lines   []line
	changed chan struct{} // is closed at each change
}

// line is one request. how is done or retry for the last one of an attempt, note
// for a quick try before it, and release for an attempt that does not count.
type line struct {
	history.Attempt
	number int
	how    string
}

// begin returns a sender that the end of the test stops.
func begin(t testing.TB, s *send.Settings, o send.Options) *sender {
	ctx, cancel := context.WithCancel(context.Background())
	q := &sender{
		client: send.NewClient(s, o), record: send.Record{Generation: 1, KeepBody: 4 << 10},
		room: make(chan struct{}, s.Concurrency), ctx: ctx, changed: make(chan struct{}),
	}
	t.Cleanup(func() { cancel(); q.running.Wait(); q.client.Retire() })
	return q
}

// add sends events of these ids.
func (q *sender) add(ids ...string) {
	for _, id := range ids {
		q.addJSON(`{"specversion":"1.0","id":"` + id + `","source":"test","type":"order.paid","time":"2026-11-23T14:55:00Z","data":{"n":1}}`)
	}
}

func (q *sender) addJSON(json string) {
	q.send(send.Delivery{Event: &event.Event{JSON: []byte(json)}, Accepted: time.Now(), Attempt: 1})
}

func (q *sender) send(d send.Delivery) {
	q.running.Go(func() {
		q.room <- struct{}{}
		defer func() { <-q.room }()
		q.client.Acquire()
		r := q.client.Send(q.ctx, &d, q.record)
		q.client.Release()
		var lines []line
		for _, a := range r.QuickTries {
			lines = append(lines, line{a, d.Attempt, "note"})
		}
		last := line{r.Attempt, d.Attempt, "done"}
		switch r.Verdict {
		case send.Delivered:
			last.Status = history.Delivered
		case send.Failed, send.Throttled:
			last.Status, last.how = history.Retrying, "retry"
		case send.LocalFault, send.Interrupted:
			last.Status, last.how = history.Retrying, "release"
		default:
			last.Status = history.Failed
		}
		q.write(append(lines, last)...)
	})
}

func (q *sender) write(lines ...line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lines = append(q.lines, lines...)
	close(q.changed)
	q.changed = make(chan struct{})
}

// all are the lines so far.
func (q *sender) all() []line {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.lines)
}

// ended are the lines of attempts, without those of quick tries.
func (q *sender) ended() []line {
	return slices.DeleteFunc(q.all(), func(l line) bool { return l.how == "note" })
}

// wait returns the lines once there are n.
func (q *sender) wait(t testing.TB, n int) []line {
	t.Helper()
	late := time.After(time.Minute)
	for {
		q.mu.Lock()
		lines, changed := slices.Clone(q.lines), q.changed
		q.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d lines, want %d: %s", len(lines), n, show(lines))
		}
	}
}

// settle returns the lines once no request is in flight.
func (q *sender) settle() []line {
	q.running.Wait()
	return q.all()
}

func show(lines []line) (text string) {
	for _, l := range lines {
		text += "\n  " + l.how + " " + string(l.Status) + " #" + strconv.Itoa(l.number) + " " + strconv.Itoa(l.Code) + " " + l.Error
	}
	return text
}

// soon reports whether something comes true.
func soon(ok func() bool) bool {
	for begun := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			return false
		}
	}
	return true
}
