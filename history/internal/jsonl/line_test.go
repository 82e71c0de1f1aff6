package jsonl_test

import (
	"testing"
	"time"

	"sidehook/history/internal/jsonl"
)

func TestAppendTime(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, at := range []time.Time{
		at, at.Add(1), at.Add(120), at.Add(999_999_999), at.In(time.FixedZone("", -5400)),
		{}, time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 1, time.UTC), time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, want := string(jsonl.AppendTime([]byte("x"), at)), "x"+at.UTC().Format(jsonl.TimeFormat); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func BenchmarkAppendTime(b *testing.B) {
	at, dst := time.Now(), []byte(nil)
	for b.Loop() {
		dst = jsonl.AppendTime(dst[:0], at)
	}
}
