// Package pacing owns the values that say when and how fast a webhook's deliveries are
// made: its rate, its order, its waits between attempts and what ends them, and the limit
// of what waits. It promises that each wait, rate and limit that was taken is within its
// bounds. Package config reads the keys with it and keeps the values in a webhook.
package pacing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// Rate is how many requests may be made in a second or a minute. The zero Rate
// has no limit.
type Rate struct {
	Requests int // 1 to 100,000
	Per      time.Duration
}

// mostRequests is the highest rate; above it, no limit has the same effect.
const mostRequests = 100_000

// String writes it as the file does: 100/s, 600/m.
func (r Rate) String() string {
	switch r.Per {
	case time.Second:
		return strconv.Itoa(r.Requests) + "/s"
	case time.Minute:
		return strconv.Itoa(r.Requests) + "/m"
	}
	return ""
}

// ReadRate reads a rate.
func ReadRate(r *yamlnode.Reader, v *yamlnode.Value, into *Rate) {
	t, ok := r.Known(v)
	if !ok {
		return
	}
	if t.String() == None {
		*into = Rate{}
		return
	}
	digits, per, _ := strings.Cut(t.String(), "/")
	n, isNumber := unit.Number(digits)
	rate := Rate{Requests: int(n)}
	switch per {
	case "s":
		rate.Per = time.Second
	case "m":
		rate.Per = time.Minute
	}
	switch {
	case !isNumber || rate.Per == 0:
		hint := ""
		if isNumber && per == "" && !t.Hidden() {
			hint = "write " + digits + "/s"
		}
		r.Fail(v, "must be a rate such as 100/s or 600/m, not "+t.Show(), hint)
	case n < 1 || n > mostRequests:
		r.Fail(v, fmt.Sprintf("must be 1 to %d requests, not %s", mostRequests, t.Show()), "")
	default:
		*into = rate
	}
}
