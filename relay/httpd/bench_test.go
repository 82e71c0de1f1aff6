package httpd_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/relay/apitest"
)

// nowhere is a Journal that costs nothing.
type nowhere struct{ receipts []history.Receipt }

func (n *nowhere) Append(_ context.Context, entries []history.Entry) ([]history.Receipt, error) {
	return n.receipts[:len(entries)], nil
}

// rewound is a body that is read again and again.
type rewound struct{ bytes.Reader }

func (*rewound) Close() error { return nil }

// discarded is a ResponseWriter that keeps nothing.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }

// event1K is an event of 1 KiB.
var event1K = []byte(`{"type":"a.b","source":"com.example/app","id":"0198a5f0-0000-7000-8000-000000000000","time":"2026-11-23T14:55:00Z","data":{"n":12345678901234567890,"text":"` +
	strings.Repeat("lorem ipsum ", 72) + `"}}`)

func BenchmarkHandler(b *testing.B) {
	s := apitest.New(&nowhere{make([]history.Receipt, 1)}, &apitest.Operator{}, apitest.Settings, apitest.Options{})
	h, err := s.Handler(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4665})
	if err != nil {
		b.Fatal(err)
	}
	body := &rewound{}
	r, err := http.NewRequest("POST", "http://127.0.0.1:4665/v1/events", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", apitest.JSON)
	r.Body, r.ContentLength = body, int64(len(event1K))
	w := &discarded{header: http.Header{}}
	b.SetBytes(int64(len(event1K)))
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(event1K)
		h.ServeHTTP(w, r)
	}
	if w.status != 202 {
		b.Fatalf("status %d", w.status)
	}
}

// BenchmarkListener goes over one kept connection of the port, with net/http at the
// client; BenchmarkNetHTTP is the same without sidehook, and with net/http on both sides.
func BenchmarkListener(b *testing.B) {
	opened := make(chan []net.Addr, 1)
	s := apitest.New(&nowhere{make([]history.Receipt, 1)}, &apitest.Operator{}, apitest.Settings, apitest.Options{
		HTTP: "127.0.0.1:0", Opened: func(a []net.Addr) { opened <- a },
	})
	stop := apitest.Run(b, s)
	benchmarkPosts(b, (<-opened)[0].String(), 202)
	stop()
}

func BenchmarkNetHTTP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write([]byte(`{"id":"0198a5f0-0000-7000-8000-000000000000","webhooks":["one"]}`))
	})}
	go server.Serve(l)
	defer server.Close()
	benchmarkPosts(b, l.Addr().String(), 200)
}

func benchmarkPosts(b *testing.B, addr string, want int) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		resp, err := client.Post("http://"+addr+"/v1/events", apitest.JSON, bytes.NewReader(event1K))
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			b.Fatalf("status %d", resp.StatusCode)
		}
	}
}
