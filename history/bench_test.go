package history_test

import (
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

// What is recorded of a delivery that arrived at once.
var (
	delivered = history.AttemptRecord{Webhook: "orders", Seq: 1234567, Number: 1}
	attempt   = history.Attempt{
		Generation: 3, Event: "ord_01JD7Q2W8X9Y", Type: "com.example.v1.order.paid", Status: history.Delivered, Code: 200,
		Remote: "192.0.2.1:443", Took: 12 * time.Millisecond, Timing: history.Timing{FirstByte: 11 * time.Millisecond},
		Request: []history.Header{
			{Name: "webhook-id", Value: "ord_01JD7Q2W8X9Y"}, {Name: "webhook-timestamp", Value: "1764518400"},
			{Name: "webhook-signature", Value: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
		},
		Response: &history.Response{Headers: []history.Header{{Name: "Content-Length", Value: "0"}, {Name: "Date", Value: "Mon, 30 Nov 2026 16:00:00 GMT"}}},
	}
)

func BenchmarkAppendAttempt(b *testing.B) {
	b.ReportAllocs()
	var line []byte
	for b.Loop() {
		line = history.AppendAttempt(line[:0], &delivered, &attempt)
	}
	b.SetBytes(int64(len(line)))
}

func BenchmarkParseAttempt(b *testing.B) {
	b.ReportAllocs()
	line := history.AppendAttempt(nil, &delivered, &attempt)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if r := history.ParseDeliveryFields(line); r.Code != 200 {
			b.Fatal(r)
		}
	}
}

func BenchmarkParseEvent(b *testing.B) {
	b.ReportAllocs()
	e := event.Event{JSON: []byte(`{"type":"order.paid","id":"ord_01JD7Q2W8X9Y","data":{` + strings.Repeat(`"sku":"LMP-0042-BK","name":"Desk lamp, black","quantity":2,`, 16) + `"note":""}}`)}
	record := append(history.AppendEventHead(nil, &history.Entry{Event: e, To: []string{"orders"}, Generation: 3}), e.JSON...)
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if r := history.ParseEventFields(record); len(r.Event) != len(e.JSON) {
			b.Fatal(r)
		}
	}
}
