package usage_test

import (
	"testing"
	"time"

	"sidehook/relay/command/usage"
)

// Durations are written as in the file.
func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"30d":                       "2026-10-24T14:55:00Z",
		"1h30m":                     "2026-11-23T13:25:00Z",
		"0":                         "2026-11-23T14:55:00Z",
		"2026-11-23T15:55:00+01:00": "2026-11-23T14:55:00Z",
		"2026-11-23t14:55:00z":      "2026-11-23T14:55:00Z",
		"2026-11-23 13:55:00Z":      "2026-11-23T13:55:00Z", // as it is printed
	} {
		if got, err := usage.ParseTime("since", text, now); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-1h", "1.5h", "30", "1m1h", "2026-11-23T14:55:00,5Z"} {
		if got, err := usage.ParseTime("since", text, now); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
	if got, err := usage.ParseTime("since", "", now); err != nil || !got.IsZero() {
		t.Errorf("not given: got %v, %v", got, err)
	}
}
