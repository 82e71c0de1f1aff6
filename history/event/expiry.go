package event

import (
	"bytes"
	"time"
)

// expiryTime is the CloudEvents extension that says until when an event is of
// use.
const expiryTime = "expirytime"

// ExpiryTime is that of a stored event, which a Decoder made. It is false
// without one, and for one that is no time: earlier versions accepted those.
func ExpiryTime(stored []byte, filled []string) (time.Time, bool) {
	// Hardly an event has one. Names are stored without escapes, but for those of
	// the extensions of the 0.1 envelope, which may also have capitals.
	if !bytes.Contains(stored, []byte(`"`+expiryTime+`"`)) && !bytes.Contains(stored, []byte(`"cloudEventsVersion"`)) {
		return time.Time{}, false
	}
	e, err := Parse(stored, filled)
	if err != nil {
		return time.Time{}, false
	}
	text, _ := Unquote(e.Extension(expiryTime))
	return ParseTime(text)
}
