package deliver_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/deliver"
	"sidehook/relay/send"
	"sidehook/relay/sign"
)

// settings are those of a webhook at an address of this machine.
func settings(t testing.TB, address string) *deliver.Settings {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &deliver.Settings{
		Settings: send.Settings{
			URL: u, Shown: u.Scheme + "://" + u.Host + u.Path, UserAgent: "sidehook/test",
			Timeout: 5 * time.Second, Concurrency: 4, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
		Retry: []time.Duration{5 * time.Second, 5 * time.Minute},
	}
}

func signer(t testing.TB) *sign.Signer {
	t.Helper()
	key, err := sign.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.New(sign.Standard, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// one is a configuration with one webhook, which the tests call a.
func one(s *deliver.Settings) []deliver.Webhook {
	return []deliver.Webhook{{Name: "a", Generation: 1, KeepBody: 4 << 10, Settings: s}}
}

// middle gives waits without jitter.
func middle() float64 { return 0.5 }

func quiet(o deliver.Options) deliver.Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = middle
	}
	return o
}

// run runs d until the test ends or stop is called, which waits for it.
func run(t testing.TB, d *deliver.Deliverer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// begin delivers one webhook's queue.
func begin(t testing.TB, q *fakeQueue, s *deliver.Settings, o deliver.Options) *deliver.Deliverer {
	d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(o))
	d.Apply(one(s))
	run(t, d)
	return d
}

// server is a receiver.
func server(t testing.TB, answer http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(answer)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// receiver answers in a bubble, in place of the network.
type receiver func(r *http.Request) (code int, err error)

func (f receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	code, err := f(r)
	header := http.Header{}
	if asks, ok := err.(*throttling); ok {
		code, err = asks.code, nil
		for _, line := range asks.after {
			header.Add("Retry-After", line)
		}
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: code, Header: header, Body: http.NoBody}, nil
}

// throttling is an answer of a receiver that asks to be left alone.
type throttling struct {
	code  int
	after []string
}

func (*throttling) Error() string { return "" }

func throttle(code int, after ...string) error { return &throttling{code, after} }

// always answers the same.
func always(code int) receiver {
	return func(*http.Request) (int, error) { return code, nil }
}

// bubble runs f with one webhook, whose receiver is r, and stops at its end.
func bubble(t *testing.T, s *deliver.Settings, o deliver.Options, r receiver, f func(*testing.T, *deliver.Deliverer, *fakeQueue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		d := deliver.New(open(map[string]*fakeQueue{"a": q}), quiet(o))
		d.Through(r)
		d.Apply(one(s))
		stop := run(t, d)
		f(t, d, q)
		stop()
	})
}
