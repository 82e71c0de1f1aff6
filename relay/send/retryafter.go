package send

import (
	"net/http"
	"strings"
	"time"
)

// MinRetryAfter and MaxRetryAfter bound how long an answer can ask to be left
// alone. The minimum is there so that a receiver that asks for no time, or for a
// time that is past, is not asked again in a loop.
const (
	MinRetryAfter = time.Second
	MaxRetryAfter = 24 * time.Hour
)

// retryAfter returns how long an answer asks to be left alone, from MinRetryAfter
// to MaxRetryAfter; of several lines, the longest. It is false if no line can be
// read.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	lines := h["Retry-After"]
	if len(lines) == 0 {
		return 0, false
	}
	// A date is by the receiver's clock. If the answer has a Date, the difference
	// between the two is right even if that clock is off.
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
			wait, ok = max(wait, min(max(asked, MinRetryAfter), MaxRetryAfter)), true
		}
	}
	return wait, ok
}

// delay parses seconds. Some receivers send fractions, which are rounded up, or
// negative numbers, which count as 0.
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
		// The bound also keeps this from overflowing.
		wait = min(10*wait+time.Duration(digit-'0')*time.Second, MaxRetryAfter)
	}
	if strings.Trim(fraction, "0") != "" {
		wait += time.Second
	}
	return wait, true
}
