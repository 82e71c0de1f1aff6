package deliver

import (
	"bytes"
	"slices"
	"time"

	"sidehook/history/event"
)

// appendLegacy is a CloudEvents 0.1 envelope with what it came with, in the
// order of Qlik Cloud's.
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

// appendEnvelope is a CloudEvents 1.0 event as a 0.1 envelope.
func appendEnvelope(dst []byte, e *event.Event, accepted time.Time) []byte {
	dst = appendMember(dst, "cloudEventsVersion", []byte(`"0.1"`))
	dst = appendMember(dst, "source", e.Raw("source"))
	dst = appendMember(dst, "contentType", or(e.Raw("datacontenttype"), `"application/json"`))
	dst = appendMember(dst, "eventId", e.Raw("id"))
	dst = appendMember(dst, "eventTime", timeOf(e, accepted))
	dst = appendMember(dst, "eventTypeVersion", or(e.Raw("eventtypeversion"), `"1.0.0"`))
	dst = appendMember(dst, "eventType", e.Raw("type"))
	dst = appendMember(dst, "schemaURL", e.Raw("dataschema"))
	dst = appendMember(dst, "extensions", extensions(e))
	data, _ := e.Data()
	return append(appendMember(dst, "data", data), '}')
}

func or(raw []byte, otherwise string) []byte {
	if raw == nil {
		return []byte(otherwise)
	}
	return raw
}

// extensions is an object of what a 0.1 envelope has no member for.
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

// appendModern is a CloudEvents 0.1 envelope as CloudEvents 1.0. Its extensions
// become attributes, so their names are brought into the alphabet that is left
// to these, and what would then be there twice stays out.
func appendModern(dst []byte, e *event.Event) []byte {
	dst = appendMember(dst, "specversion", []byte(`"1.0"`))
	for _, name := range [...]string{"id", "source", "type", "time", "datacontenttype", "dataschema", "eventtypeversion"} {
		dst = appendMember(dst, name, e.Attribute(name))
	}
	taken := []string{"", "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data", "data_base64"}
	if e.Attribute("eventtypeversion") != nil {
		taken = append(taken, "eventtypeversion")
	}
	for given, raw := range e.Extensions() {
		name := attributeName(given)
		if slices.Contains(taken, name) || bytes.Equal(raw, []byte("null")) {
			continue
		}
		taken = append(taken, name)
		if raw[0] == '{' || raw[0] == '[' {
			raw = event.AppendString(nil, string(raw))
		}
		dst = appendMember(dst, name, raw)
	}
	return append(appendMember(dst, "data", e.Raw("data")), '}')
}

// attributeName is a name as CloudEvents 1.0 allows it: lower-case letters and
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
