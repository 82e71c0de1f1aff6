package format

import (
	"iter"
	"slices"
	"time"

	"sidehook/history/event"
)

// appendLegacy appends a CloudEvents 0.1 envelope with the members it was posted with, in
// the order of Qlik Cloud.
func appendLegacy(dst []byte, e *event.Event) []byte {
	for _, name := range [...]string{"cloudEventsVersion", "source", "contentType"} {
		dst = appendMember(dst, name, e.Raw(name))
	}
	dst = appendMember(dst, "eventId", e.Attribute("id"))
	for _, name := range [...]string{"eventTime", "eventTypeVersion", "eventType", "schemaURL", "extensions", "data"} {
		dst = appendMember(dst, name, e.Raw(name))
	}
	return append(dst, '}')
}

// appendEnvelope appends a CloudEvents 1.0 event as a 0.1 envelope.
func appendEnvelope(dst []byte, e *event.Event, accepted time.Time) []byte {
	dst = appendMember(dst, "cloudEventsVersion", []byte(`"0.1"`))
	dst = appendMember(dst, "source", e.Raw("source"))
	dst = appendMember(dst, "contentType", or(e.Raw("datacontenttype"), `"application/json"`))
	dst = appendMember(dst, "eventId", e.Raw("id"))
	dst = appendMember(dst, "eventTime", timeOf(e, accepted))
	dst = appendMember(dst, "eventTypeVersion", typeVersion(e.Raw("eventtypeversion")))
	dst = appendMember(dst, "eventType", e.Raw("type"))
	dst = appendMember(dst, "schemaURL", e.Raw("dataschema"))
	dst = appendMember(dst, "extensions", extensions(e))
	data, _ := e.Data()
	return append(appendMember(dst, "data", data), '}')
}

// typeVersion returns an extension as an attribute of 0.1, which must be a string.
func typeVersion(raw []byte) []byte {
	if raw == nil {
		return []byte(`"1.0.0"`)
	}
	if raw[0] != '"' {
		return event.AppendString(nil, string(raw))
	}
	return raw
}

func or(raw []byte, otherwise string) []byte {
	if raw == nil {
		return []byte(otherwise)
	}
	return raw
}

// extensions returns an object of all attributes that have no member in a 0.1 envelope.
func extensions(e *event.Event) []byte {
	var dst []byte
	for name, raw := range e.Members() {
		switch name {
		case "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data", "data_base64", "eventtypeversion":
		default:
			dst = appendMember(dst, name, raw)
		}
	}
	if dst == nil {
		return []byte("{}")
	}
	return append(dst, '}')
}

// appendModern appends a CloudEvents 0.1 envelope as CloudEvents 1.0.
func appendModern(dst []byte, e *event.Event) []byte {
	for name, raw := range attributes(e) {
		dst = appendMember(dst, name, raw)
	}
	return append(appendMember(dst, "data", e.Raw("data")), '}')
}

// attributes yields the event's attributes of CloudEvents 1.0, whatever form it was posted
// in, and their values: scalars, as JSON.
func attributes(e *event.Event) iter.Seq2[string, []byte] {
	if e.Legacy {
		return func(yield func(string, []byte) bool) { upgrade(e, yield) }
	}
	return func(yield func(string, []byte) bool) {
		for name, raw := range e.Members() {
			if name != "data" && name != "data_base64" && !yield(name, raw) {
				return
			}
		}
	}
}

// upgrade yields the attributes of 1.0 for a CloudEvents 0.1 envelope. Its extensions
// become attributes under names that 1.0 allows; of two with the same name, the first
// counts.
func upgrade(e *event.Event, yield func(string, []byte) bool) {
	if !yield("specversion", []byte(`"1.0"`)) {
		return
	}
	taken := []string{"", "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data", "data_base64"}
	for _, name := range [...]string{"id", "source", "type", "time", "datacontenttype", "dataschema", "eventtypeversion"} {
		raw := e.Attribute(name)
		if raw != nil && !yield(name, raw) {
			return
		}
		if raw != nil && name == "eventtypeversion" {
			taken = append(taken, name)
		}
	}
	for given, raw := range e.Extensions() {
		name := attributeName(given)
		if slices.Contains(taken, name) || raw[0] == 'n' {
			continue
		}
		taken = append(taken, name)
		if raw[0] == '{' || raw[0] == '[' {
			raw = event.AppendString(nil, string(raw))
		}
		if !yield(name, raw) {
			return
		}
	}
	// 0.1 does not have these: they are from the headers of the request.
	for _, name := range [...]string{"traceparent", "tracestate"} {
		if raw := e.Raw(name); raw != nil && !slices.Contains(taken, name) && !yield(name, raw) {
			return
		}
	}
}

// attributeName returns a name as CloudEvents 1.0 allows it: lower-case letters and
// digits.
func attributeName(name string) string {
	out := make([]byte, 0, len(name))
	for _, c := range []byte(name) {
		switch {
		case 'A' <= c && c <= 'Z':
			out = append(out, c|0x20)
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			out = append(out, c)
		}
	}
	return string(out)
}
