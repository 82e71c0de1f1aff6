package deliver

import (
	"net/http"
	"strings"
	"time"
)

// A throttling answer holds a webhook up for throttleMost at most. It does for
// throttleLeast at least: a receiver that asks for no time, or for one that is
// over, is not asked again in a loop.
const (
	throttleLeast = time.Second
	throttleMost  = 24 * time.Hour
)

// retryAfter is how long an answer asks to be left alone, brought within
// throttleLeast and throttleMost; of several lines, the longest. It is false if
// no line can be read.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	lines := h["Retry-After"]
	if len(lines) == 0 {
		return 0, false
	}
	// A date is the receiver's, so it is measured by the receiver's clock where
	// the answer says what that shows, and ours may be off.
	if date, err := http.ParseTime(strings.TrimSpace(h.Get("Date"))); err == nil {
		now = date
	}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		asked, readable := delay(line)
		if at, err := http.ParseTime(line); !readable && err == nil {
			asked, readable = at.Sub(now), true
		}
		if readable {
			wait, ok = max(wait, within(asked)), true
		}
	}
	return wait, ok
}

// delay reads seconds. A fraction counts as a whole one, and a number below zero
// is a time that is over: some receivers send such.
func delay(text string) (time.Duration, bool) {
	text, below := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	if below {
		return 0, true
	}
	var wait time.Duration
	for _, digit := range whole {
		// Past the bound it is no matter how far.
		wait = min(10*wait+time.Duration(digit-'0')*time.Second, throttleMost)
	}
	if strings.Trim(fraction, "0") != "" {
		wait += time.Second
	}
	return wait, true
}

// within is a wait brought within the bounds.
func within(wait time.Duration) time.Duration { return min(max(wait, throttleLeast), throttleMost) }
