package history_test

import (
	"strings"
	"testing"
	"time"

	"sidehook/history"
)

// A duration is written in milliseconds, as exact as microseconds and no longer than need be.
func TestMilliseconds(t *testing.T) {
	for took, want := range map[time.Duration]string{
		time.Nanosecond:                                "0",
		time.Microsecond:                               "0.001",
		120 * time.Microsecond:                         "0.12",
		500 * time.Microsecond:                         "0.5",
		time.Millisecond:                               "1",
		1050 * time.Microsecond:                        "1.05",
		10*time.Millisecond + 7*time.Microsecond + 999: "10.007",
		100 * time.Second:                              "100000",
	} {
		line := string(history.AppendAttempt(nil, &history.AttemptRecord{}, &history.Attempt{Took: took}))
		if _, got, _ := strings.Cut(line, `"took_ms":`); got != want {
			t.Errorf("%v: got %s, want %s", took, got, want)
		}
	}
}
