// Package format converts an event into the format of a receiver. It has no state, and
// copies JSON values unchanged: numbers, escapes and the order of keys stay as posted.
//
// send asks for the Content of each attempt.
//
// What a conversion loses or changes:
//
//	from 1.0 to         0.1   the type of an extension's name: all stand under
//	                          extensions, subject among them
//	                          eventtypeversion that is no string: becomes one
//	                          data_base64: becomes data, a string like others
//	from 0.1 to         1.0   an extension whose name has no letter or digit
//	                          one whose name, in lower case, is taken: the first
//	                          in order stays, and an attribute goes before it
//	                          one that is null
//	                          the structure of one that is an object or a list:
//	                          it becomes a string that holds its JSON
//	to             standard   everything but type, time and data; data_base64
//	                          becomes data, a string like others
//	to                 data   everything but data
//	to   cloudevents-binary   whether an extension is a string, a number or a
//	                          boolean; data_base64 from data that is not JSON
//
// An event that leaves in the version it came in has all it had: structured 1.0
// is not even copied, and a 0.1 envelope is only put into its order, its eventID
// under the name eventId.
package format

import (
	"time"

	"sidehook/history/event"
)

// Format is what a delivery looks like.
type Format string

// The formats, by their names in webhooks.yaml. The zero Format is Standard.
const (
	Standard          Format = "standard"           // the payload of Standard Webhooks
	CloudEvents       Format = "cloudevents"        // CloudEvents 1.0, structured
	CloudEventsBinary Format = "cloudevents-binary" // CloudEvents 1.0, attributes in headers
	CloudEvents01     Format = "cloudevents-0.1"    // the envelope that Qlik Cloud sends
	Data              Format = "data"               // the data alone
)

// Content is an event in a format.
type Content struct {
	Body        []byte // may share the event's memory
	ContentType string
	Headers     []Header // that are attributes of the event
}

// Header is one header line. Its value has nothing but printable ASCII in it.
type Header struct{ Name, Value string }

const typeJSON = "application/json"

// ContentType is that of all deliveries in the format or, where it is the
// data's own, of most.
func (f Format) ContentType() string {
	if f == CloudEvents {
		return "application/cloudevents+json"
	}
	return typeJSON
}

// Content is the event in the format. Accepted is when it came, which is its
// time if it has none. An error says what of the event cannot be sent.
func (f Format) Content(e *event.Event, accepted time.Time) (Content, error) {
	switch {
	case f == Data || f == CloudEventsBinary:
		return f.bare(e)
	case f == CloudEvents && !e.Legacy:
		return f.whole(e.JSON)
	case f == CloudEvents:
		return f.whole(appendModern(make([]byte, 0, len(e.JSON)+len(`"datacontenttype":"",`)), e))
	case f == CloudEvents01 && e.Legacy:
		return f.whole(appendLegacy(make([]byte, 0, len(e.JSON)), e))
	case f == CloudEvents01:
		return f.whole(appendEnvelope(make([]byte, 0, len(e.JSON)+160), e, accepted))
	}
	return f.whole(appendStandard(make([]byte, 0, len(e.JSON)), e, accepted))
}

func (f Format) whole(body []byte) (Content, error) {
	return Content{Body: body, ContentType: f.ContentType()}, nil
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

// timeOf returns the event's time as posted, or when the event was accepted.
func timeOf(e *event.Event, accepted time.Time) []byte {
	if raw := e.Attribute("time"); raw != nil {
		return raw
	}
	dst := append(make([]byte, 0, len(time.RFC3339Nano)+2), '"')
	return append(accepted.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
}

// appendMember appends a member of an object. It begins the object if dst is empty, and
// appends nothing for a nil value.
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
