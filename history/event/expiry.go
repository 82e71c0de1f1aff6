package event

import (
	"bytes"
	"time"
)

// expiryTime is the CloudEvents extension with the time until which an event is useful.
const expiryTime = "expirytime"

// ExpiryTime returns the expirytime of a stored event, which a Decoder made. It reports
// false if there is none, or if it is not a time: histories may have such events.
func ExpiryTime(stored []byte, filled []string) (time.Time, bool) {
	// Few events have one. Names are stored without escapes, but for those of
	// the extensions of the 0.1 envelope, which may also have capitals. What is searched
	// for begins with a rare byte: at each quote or e, the search would stop.
	if !bytes.Contains(stored, []byte(expiryTime[1:]+`"`)) && !bytes.Contains(stored, []byte(`EventsVersion"`)) {
		return time.Time{}, false
	}
	e, err := Parse(stored, filled)
	if err != nil {
		return time.Time{}, false
	}
	return e.Expires()
}

// Expires is ExpiryTime of an event whose attributes have been found.
func (e *Event) Expires() (time.Time, bool) {
	text, _ := Unquote(e.Extension(expiryTime))
	return ParseTime(text)
}
