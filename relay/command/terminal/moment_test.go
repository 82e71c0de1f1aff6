package terminal_test

import (
	"testing"
	"time"

	"sidehook/relay/command/terminal"
)

// TestParseTime: a time that is printed can be given back.
func TestParseTime(t *testing.T) {
	berlin := inBerlin(t)
	now := time.Date(2026, 11, 30, 1, 41, 17, 500e6, berlin)
	for text, want := range map[string]string{
		"2026-11-30":                     "2026-11-30T00:00:00+01:00",
		"2026-11-30 01:37":               "2026-11-30T01:37:00+01:00",
		"2026-11-30 01:37:56":            "2026-11-30T01:37:56+01:00",
		"2026-11-30 01:37:56.250 +01:00": "2026-11-30T01:37:56.25+01:00",
		"2026-11-30 01:37:56 CET":        "2026-11-30T01:37:56+01:00",
		"2026-11-30 01:37:56 UTC":        "2026-11-30T02:37:56+01:00",
		"2026-11-30 01:37Z":              "2026-11-30T02:37:00+01:00",
		"2026-11-30T01:37:56":            "2026-11-30T01:37:56+01:00",
		"2026-07-30 01:37:56":            "2026-07-30T01:37:56+02:00",
		"2026-11-30+01:00":               "2026-11-30T00:00:00+01:00",
		"01:37:56":                       "2026-11-30T01:37:56+01:00",
		"01:37":                          "2026-11-30T01:37:00+01:00",
		"01:41:17":                       "2026-11-30T01:41:17+01:00",
		"01:41:18":                       "2026-11-29T01:41:18+01:00",
		"23:59":                          "2026-11-29T23:59:00+01:00",
		"00:30 UTC":                      "2026-11-30T01:30:00+01:00",
		"23:30Z":                         "2026-11-30T00:30:00+01:00",
		"01:37:56.250 -05:00":            "2026-11-29T07:37:56.25+01:00",
		now.Format(terminal.FullTime):    "2026-11-30T01:41:17.5+01:00",
		now.Format(terminal.TableTime):   "2026-11-30T01:41:17+01:00",
		terminal.InColumn(now.AddDate(0, -5, 0), now, terminal.TableTime): "2026-06-30T01:41:17+02:00",
	} {
		got, ok := terminal.ParseTime(text, now)
		if !ok || got.In(berlin).Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "yesterday", "2026", "2026-13-01", "25:00", "01:37:56,5", "2026-11-30 01:37 PST", "2026-11-30 01", "-1h"} {
		if got, ok := terminal.ParseTime(text, now); ok {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// TestTimeColumn: the head names the zone, and a row of summer time its own.
func TestTimeColumn(t *testing.T) {
	now := time.Date(2026, 11, 30, 1, 41, 17, 0, inBerlin(t))
	if got, want := terminal.TimeHead("TIME", now), "TIME +01:00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{now, "2026-11-30 01:41:17"},
		{now.AddDate(0, -5, 0), "2026-06-30 01:41:17 +02:00"},
		{time.Time{}, ""},
	} {
		if got := terminal.InColumn(c.at, now, terminal.TableTime); got != c.want {
			t.Errorf("%v: got %q, want %q", c.at, got, c.want)
		}
	}
}

// inBerlin sets the local zone.
func inBerlin(t *testing.T) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	before := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = before })
	return zone
}
