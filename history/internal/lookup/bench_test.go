package lookup_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/lookup"
	"sidehook/history/internal/segment"
	"sidehook/history/internal/vfs"
	"sidehook/history/internal/vfs/memfs"
)

// BenchmarkBuild is the index of a segment of events of 1 KiB, or of their attempts, a line
// an operation.
func BenchmarkBuild(b *testing.B) {
	const lines = 1 << 15
	for _, of := range []segment.Stream{segment.Events, segment.Deliveries} {
		b.Run(of.Name, func(b *testing.B) {
			s := written(b, of, lines)
			first := s.Segments()[0]
			size, err := s.Size(first)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size / lines)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += lines {
				x, err := s.Build(first, func() bool { return true })
				if err != nil || len(x.Finish()) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}

// written is a stream of so many lines.
func written(b *testing.B, of segment.Stream, lines int) *lookup.Stream {
	fsys, err := vfs.Lock(memfs.New())
	if err != nil {
		b.Fatal(err)
	}
	found, err := segment.Recover(fsys, of, segment.Options{})
	if err != nil {
		b.Fatal(err)
	}
	data := strings.Repeat(`"sku":"LMP-0042-BK","name":"Desk lamp, black","quantity":2,`, 15)
	at := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	for i := range lines {
		id := fmt.Sprintf("ord_01JD7Q2W%06d", i)
		at = at.Add(50 * time.Microsecond)
		if of == segment.Events {
			json := fmt.Sprintf(`{"specversion":"1.0","source":"shop","time":"2026-11-30T16:00:00Z","type":"order.paid","id":%q,"data":{%s"note":""}}`, id, data)
			e := history.Entry{Event: event.Event{JSON: []byte(json), Filled: []string{"specversion", "source", "time"}}, To: []string{"orders"}, Generation: 3}
			found.Writer.Add(at, history.AppendEventHead(nil, &e), e.Event.JSON)
		} else {
			l := history.AttemptRecord{Webhook: "orders", Seq: history.Seq(i + 1), Number: 1}
			found.Writer.Add(at, history.AppendAttempt(nil, &l, &history.Attempt{
				Generation: 3, Event: id, Type: "order.paid", Status: history.Delivered, Code: 200,
				Remote: "192.0.2.1:443", Took: time.Duration(10+i%7) * time.Millisecond, Timing: history.Timing{FirstByte: 9 * time.Millisecond},
				Request: []history.Header{
					{Name: "webhook-id", Value: id}, {Name: "webhook-timestamp", Value: "1764518400"},
					{Name: "webhook-signature", Value: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
				},
				Response: &history.Response{Headers: []history.Header{{Name: "Content-Length", Value: "0"}, {Name: "Date", Value: "Mon, 30 Nov 2026 16:00:00 GMT"}}},
			}))
		}
	}
	if err := found.Writer.Write(); err != nil {
		b.Fatal(err)
	}
	s, err := lookup.OpenStream(fsys, of)
	if err != nil {
		b.Fatal(err)
	}
	return s
}
