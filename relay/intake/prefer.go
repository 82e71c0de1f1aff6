package intake

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait limits how long an answer is held back.
const maxWait = 30 * time.Second

// preferredWait returns how long a request prefers to wait (Prefer, RFC 7240). The
// first wait counts; an invalid one is ignored, like any preference that is not
// understood.
func preferredWait(h http.Header) (time.Duration, bool) {
	for _, line := range h["Prefer"] {
		for preference := range splitList(line) {
			preference, _, _ = strings.Cut(preference, ";") // its parameters
			name, value, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.Trim(name, " \t"), "wait") {
				return parseWait(strings.Trim(value, " \t"))
			}
		}
	}
	return 0, false
}

// parseWait reads a number of seconds, which may be quoted.
func parseWait(value string) (time.Duration, bool) {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds > int(maxWait/time.Second) {
		return maxWait, true
	}
	return time.Duration(seconds) * time.Second, true
}

// splitList yields the elements of a header's list. A comma within a quoted string
// does not separate them.
func splitList(line string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		from, quoted := 0, false
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				if !yield(line[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(line[from:])
	}
}
