package unit_test

import (
	"testing"
	"time"

	"sidehook/config/unit"
)

func TestSuggestDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		most time.Duration
		want string
	}{
		{"30", 2 * time.Minute, "30s"}, {"30", 36500 * 24 * time.Hour, "30d"}, {"1w", 365 * 24 * time.Hour, "7d"},
		{"5 days", 365 * 24 * time.Hour, "5d"}, {"2 Hours", 365 * 24 * time.Hour, "2h"}, {"30min", time.Hour, "30m"},
		{"90", time.Minute, ""}, {"soon", time.Hour, ""}, {"", time.Hour, ""}, {"1.5h", time.Hour, ""}, {"99999999999999999999", time.Hour, ""},
	} {
		if got := unit.SuggestDuration(c.text, c.most); got != c.want {
			t.Errorf("%q up to %v: got %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func TestSuggestSize(t *testing.T) {
	for _, c := range []struct {
		text        string
		least, most int64
		want        string
	}{
		{"1", 1 << 10, 16 << 20, "1MiB"}, {"4096", 0, 64 << 10, "4KiB"}, {"10", 16 << 20, 1 << 50, "10TiB"}, {"8", 0, 64 << 10, "8KiB"},
		{"10 gb", 0, 1 << 50, "10GB"}, {"64k", 0, 1 << 20, "64KiB"}, {"5mb", 0, 1 << 30, "5MB"}, {"much", 0, 1, ""}, {"99", 0, 1 << 10, ""},
	} {
		if got := unit.SuggestSize(c.text, c.least, c.most); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
