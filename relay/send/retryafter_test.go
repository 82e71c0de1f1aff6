package send_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sidehook/relay/send"
)

// The wait of a Retry-After is at least a second and at most a day, whatever it says.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	soon := now.Add(90 * time.Second)
	for _, c := range []struct {
		lines []string
		date  string // what the answer says the time is
		want  time.Duration
		ok    bool
	}{
		{nil, "", 0, false},
		{[]string{""}, "", 0, false},
		{[]string{"soon"}, "", 0, false},
		{[]string{"60"}, "", time.Minute, true},
		{[]string{"  60\t"}, "", time.Minute, true},
		{[]string{"060"}, "", time.Minute, true},
		{[]string{"0"}, "", time.Second, true},
		{[]string{"-1"}, "", time.Second, true},
		{[]string{"0.3"}, "", time.Second, true},
		{[]string{"65.57"}, "", 66 * time.Second, true},
		{[]string{"65.000"}, "", 65 * time.Second, true},
		{[]string{"86400"}, "", 24 * time.Hour, true},
		{[]string{"86400.1"}, "", 24 * time.Hour, true},
		{[]string{"86401"}, "", 24 * time.Hour, true},
		{[]string{"1000000000000000000"}, "", 24 * time.Hour, true},
		{[]string{strings.Repeat("9", 5000)}, "", 24 * time.Hour, true},
		{[]string{"1e18"}, "", 0, false},
		{[]string{"+60"}, "", 0, false},
		{[]string{"60s"}, "", 0, false},
		{[]string{"6 0"}, "", 0, false},
		{[]string{"."}, "", 0, false},
		{[]string{"-"}, "", 0, false},
		{[]string{"٦٠"}, "", 0, false},
		{[]string{"10", "30", "20"}, "", 30 * time.Second, true},
		{[]string{"soon", "30", ""}, "", 30 * time.Second, true},
		{[]string{"Mon, 23 Nov 2026 14:56:30 GMT"}, "", 90 * time.Second, true},
		{[]string{"Monday, 23-Nov-26 14:56:30 GMT"}, "", 90 * time.Second, true},
		{[]string{"Mon Nov 23 14:56:30 2026"}, "", 90 * time.Second, true},
		{[]string{" Mon, 23 Nov 2026 14:56:30 GMT "}, "", 90 * time.Second, true},
		{[]string{"Mon, 23 Nov 2026 14:54:00 GMT"}, "", time.Second, true},
		{[]string{"Thu, 01 Jan 1970 00:00:00 GMT"}, "", time.Second, true},
		{[]string{"Fri, 31 Dec 9999 23:59:59 GMT"}, "", 24 * time.Hour, true},
		{[]string{"2026-11-23T14:56:30Z"}, "", 0, false},
		// The receiver's clock is a year off, and so is the date that it gives.
		{[]string{"Tue, 23 Nov 2027 14:56:30 GMT"}, "Tue, 23 Nov 2027 14:55:00 GMT", 90 * time.Second, true},
		{[]string{"Sun, 23 Nov 2025 14:56:30 GMT"}, "Sun, 23 Nov 2025 14:55:00 GMT", 90 * time.Second, true},
		{[]string{soon.Format(http.TimeFormat)}, "today", 90 * time.Second, true},
		{[]string{"60"}, "Tue, 23 Nov 2027 14:55:00 GMT", time.Minute, true},
	} {
		h := http.Header{"Retry-After": c.lines}
		if c.lines == nil {
			h = http.Header{}
		}
		if c.date != "" {
			h.Set("Date", c.date)
		}
		if got, ok := send.RetryAfter(h, now); got != c.want || ok != c.ok {
			t.Errorf("%.60q, Date %q: got %v %v, want %v %v", c.lines, c.date, got, ok, c.want, c.ok)
		}
	}
}

// The wait is within its bounds for every text, and with two lines it is that of one of
// them.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "60", "-1", "0.5", "1e18", "99999999999999999999", "Mon, 23 Nov 2026 14:56:30 GMT", "Monday, 23-Nov-26 14:56:30 GMT", "Mon Nov 23 14:56:30 2026"} {
		f.Add(seed, "", "")
		f.Add("60", seed, "Mon, 23 Nov 2026 14:55:00 GMT")
	}
	now := time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, first, second, date string) {
		of := func(lines ...string) (time.Duration, bool) {
			return send.RetryAfter(http.Header{"Retry-After": lines, "Date": {date}}, now)
		}
		one, readable := of(first)
		other, also := of(second)
		both, any := of(first, second)
		if any != (readable || also) || both != max(one, other) {
			t.Errorf("%q is %v %v, %q is %v %v, and both are %v %v", first, one, readable, second, other, also, both, any)
		}
		if any && (both < time.Second || both > 24*time.Hour) || !any && both != 0 {
			t.Errorf("%q, %q: %v %v", first, second, both, any)
		}
	})
}
