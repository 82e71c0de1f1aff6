package command_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/relay/command"
)

// TestLongIDsOnTerminal: a very long id does not push other columns off the screen.
func TestLongIDsOnTerminal(t *testing.T) {
	const uuid = "e65c1481-e8a4-4be1-a5ca-27dfcde077d7"
	line := func(id string) []byte {
		return fmt.Appendf(nil, `{"n":1,"at":"2026-11-23T14:55:00Z","kind":"attempt","webhook":"app","event":%q,"type":"a.b","attempt":1,"status":"delivered"}`, id)
	}
	var out bytes.Buffer
	command.HistoryOnTerminal(&out, 0, line(uuid), line(strings.Repeat("x", 200)))
	if text := out.String(); !strings.Contains(text, uuid) || !strings.Contains(text, strings.Repeat("x", 39)+"…  a.b") {
		t.Errorf("printed\n%s", text)
	}
}

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
		if got, err := command.ParseTime("since", text, now); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-1h", "1.5h", "30", "1m1h", "2026-11-23T14:55:00,5Z"} {
		if got, err := command.ParseTime("since", text, now); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
	if got, err := command.ParseTime("since", "", now); err != nil || !got.IsZero() {
		t.Errorf("not given: got %v, %v", got, err)
	}
}
