package history_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
)

// TestParser: what an index has of a record is the same as in the whole record.
func TestParser(t *testing.T) {
	at := time.Date(2026, 11, 30, 16, 0, 0, 1, time.UTC)
	parse := func(key string, number uint64, fields []byte) *jsonl.Line {
		line, reason := jsonl.Parse(key, bytes.TrimSuffix(jsonl.Append(nil, key, number, at, 1, [][]byte{fields}), []byte("\n")))
		if reason != "" {
			t.Fatal(reason)
		}
		return &line
	}
	p := history.NewParser()

	full := attempt
	full.SentID, full.Status, full.Error, full.Code = "o\"1", history.Retrying, `a "late":true`, 429
	full.NoStep, full.Throttled, full.RenamedTo = true, at.Add(time.Hour), "other"
	resent := history.AttemptRecord{Webhook: strings.Repeat("w", 200), Seq: 9, Of: 7, Resend: true, Test: true, Number: 3, Again: true, Next: at.Add(time.Minute), Throttled: at}
	state := history.WebhookState{Name: "disabled", Since: at, Why: "it is gone", Entry: "e"}
	for i, fields := range [][]byte{
		history.AppendAttempt(nil, &delivered, &attempt),
		history.AppendAttempt(nil, &resent, &full),
		append(history.AppendAttempt(nil, &delivered, &full), `,"late":true`...),
		history.AppendAttempt(nil, &delivered, &history.Attempt{Status: history.Canceled, Unsent: true}),
		[]byte(`"kind":"attempt","webhook":"b","was":"a","seq":1,"event":"e","type":"t","attempt":1,"status":"lost","free":2,"took_ms":1.5`),
		history.AppendConfig(nil, "orders", &history.Config{Generation: 3, URL: "https://example.com", Headers: []history.Header{{Name: "a", Value: "b"}}}),
		history.AppendRestated(nil, "orders", state),
		history.AppendAttempt(nil, &delivered, &attempt),
	} {
		line := parse("n", uint64(i+1), fields)
		want := history.ParseDeliveryRecord(line)
		want.N, want.Raw = 0, nil
		want.Error, want.Next, want.Remote, want.Timing, want.Request, want.Response = "", time.Time{}, "", nil, nil, nil
		if got := p.Delivery(line); fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", fields, *got, want)
		}
	}

	posted := event.Event{JSON: []byte(`{"id":"1"}`), Filled: []string{"id"}}
	failures := []history.Failure{{Webhook: "c", Reason: "no"}}
	for i, fields := range [][]byte{
		append(history.AppendEventHead(nil, &history.Entry{Event: posted, To: []string{"a", "b"}, By: "me", Failures: failures, Generation: 3}), posted.JSON...),
		append(history.AppendEventHead(nil, &history.Entry{Event: posted, Test: "a"}), posted.JSON...),
		history.AppendResend(nil, 7, []string{"a"}, "me"),
		history.AppendBulkResend(nil, 7, []string{"a"}, "me", "bulk"),
		[]byte(`"kind":"resend","of":7,"to":["b"],"was":"a","from":8,"bytes":9,"accepted":"2026-11-30T16:00:00.000000000Z"`),
		append(history.AppendEventHead(nil, &history.Entry{Event: posted, To: []string{"b"}}), posted.JSON...),
	} {
		line := parse("seq", uint64(i+1), fields)
		want := history.ParseEventRecord(line)
		want = history.EventRecord{Seq: want.Seq, At: want.At, Kind: want.Kind, Of: want.Of, To: want.To, Test: want.Test, Event: want.Event}
		if got := p.Event(line); fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", fields, *got, want)
		}
	}
}
