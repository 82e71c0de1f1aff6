package event

import (
	"bytes"
	"time"
)

// expiryTime is the CloudEvents extension that says until when an event is of
// use.
const expiryTime = "expirytime"

// ExpiryTime is that of a stored event, which a Decoder made. It is false
// without one, and for one that is no time of RFC 3339: an extension is kept as
// it was given, whatever it says.
func ExpiryTime(stored []byte, filled []string) (time.Time, bool) {
	// Hardly an event has one, and names are stored without escapes.
	if !bytes.Contains(stored, []byte(`"`+expiryTime+`"`)) {
		return time.Time{}, false
	}
	e, err := Parse(stored, filled)
	if err != nil {
		return time.Time{}, false
	}
	for name, raw := range e.Extensions() {
		if name != expiryTime {
			continue
		}
		text, _ := Unquote(raw)
		at, err := time.Parse(time.RFC3339Nano, text)
		return at, err == nil
	}
	return time.Time{}, false
}
