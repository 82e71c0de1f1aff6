package deliver

import (
	"time"

	"sidehook/history/event"
)

// Format is what the body of a delivery looks like.
type Format string

// The formats, by their names in webhooks.yaml. The zero Format is Standard.
const (
	Standard      Format = "standard"        // the payload of Standard Webhooks
	CloudEvents   Format = "cloudevents"     // CloudEvents 1.0, structured
	CloudEvents01 Format = "cloudevents-0.1" // the envelope that Qlik Cloud sends
)

func (f Format) contentType() string {
	if f == CloudEvents {
		return "application/cloudevents+json"
	}
	return "application/json"
}

// body is the event in the format. JSON values are copied as they stand, never
// encoded anew; an event that has the format already is not even copied.
func (f Format) body(e *event.Event, accepted time.Time) []byte {
	switch {
	case f == CloudEvents && !e.Legacy:
		return e.JSON
	case f == CloudEvents:
		return appendModern(make([]byte, 0, len(e.JSON)+len(`"datacontenttype":"",`)), e)
	case f == CloudEvents01 && e.Legacy:
		return appendLegacy(make([]byte, 0, len(e.JSON)), e)
	case f == CloudEvents01:
		return appendEnvelope(make([]byte, 0, len(e.JSON)+160), e, accepted)
	}
	return appendStandard(make([]byte, 0, len(e.JSON)), e, accepted)
}

func appendStandard(dst []byte, e *event.Event, accepted time.Time) []byte {
	dst = appendMember(dst, "type", e.Attribute("type"))
	dst = appendMember(dst, "timestamp", timeOf(e, accepted))
	data, _ := e.Data()
	if data == nil {
		data = []byte("null")
	}
	return append(appendMember(dst, "data", data), '}')
}

// timeOf is the event's time as given, or when it was accepted.
func timeOf(e *event.Event, accepted time.Time) []byte {
	if raw := e.Attribute("time"); raw != nil {
		return raw
	}
	dst := append(make([]byte, 0, len(time.RFC3339Nano)+2), '"')
	return append(accepted.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
}

// appendMember appends a member of an object that is begun if dst is empty. A
// value that is nil is not there.
func appendMember(dst []byte, name string, raw []byte) []byte {
	if raw == nil {
		return dst
	}
	if len(dst) == 0 {
		dst = append(dst, '{', '"')
	} else {
		dst = append(dst, ',', '"')
	}
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return append(dst, raw...)
}
