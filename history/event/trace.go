package event

import "strings"

// The attributes of CloudEvents' extension for distributed tracing, which are
// also headers of W3C Trace Context.
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
)

// The longest values that are sent on. A trace never costs a delivery. Future versions
// of traceparent begin as the first does.
const (
	maxTraceParent = 256
	maxTraceState  = 4096
)

// Trace returns the parts of the event's trace that are sent with it as headers; "" if
// there is none. A state without a parent means nothing.
func (e *Event) Trace() (parent, state string) {
	if parent, _ = Unquote(e.traceAttribute(traceParent)); !Sendable(parent) || len(parent) > maxTraceParent {
		return "", ""
	}
	if state, _ = Unquote(e.traceAttribute(traceState)); !Sendable(state) || len(state) > maxTraceState {
		state = ""
	}
	return parent, state
}

// traceAttribute returns an extension, or what WithTrace added.
func (e *Event) traceAttribute(name string) []byte {
	if e.Legacy {
		for given, raw := range e.Extensions() {
			if given == name {
				return raw
			}
		}
	}
	return e.Raw(name)
}

// WithTrace returns the event with the trace of its request. The attributes count as filled
// in, so that a repeat of the event, which has another trace, is still a duplicate. An event
// that has a trace stays as it is, and so does one whose request has no valid trace.
//
// A CloudEvents 0.1 envelope gets them next to its attributes, where 0.1 allows none. It
// is sent without them in its own form.
func (e *Event) WithTrace(parent, state string) Event {
	if !isTraceParent(parent) || e.traceAttribute(traceParent) != nil || e.traceAttribute(traceState) != nil {
		return *e
	}
	added := [...]struct{ name, value string }{{traceParent, parent}, {traceState, state}}
	out := *e
	out.JSON = append(make([]byte, 0, len(e.JSON)+len(parent)+len(state)+40), e.JSON[:len(e.JSON)-1]...)
	out.members = append(make([]member, 0, len(e.members)+len(added)), e.members...)
	out.Filled = append(make([]string, 0, len(e.Filled)+len(added)), e.Filled...)
	for _, a := range added {
		if a.name == traceState && (!Sendable(a.value) || len(a.value) > maxTraceState) {
			continue
		}
		out.JSON = append(out.JSON, ',')
		m := member{at: uint32(len(out.JSON))}
		out.JSON = append(AppendString(out.JSON, a.name), ':')
		m.value = uint32(len(out.JSON))
		out.JSON = AppendString(out.JSON, a.value)
		m.end = uint32(len(out.JSON))
		out.members = append(out.members, m)
		out.Filled = append(out.Filled, a.name)
	}
	out.JSON = append(out.JSON, '}')
	return out
}

// isTraceParent reports whether text is valid by W3C Trace Context. A later version must
// begin as the first does.
func isTraceParent(text string) bool {
	const first = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(text) < first || len(text) > maxTraceParent || !Sendable(text) {
		return false
	}
	version, rest := text[:2], text[first:]
	if version == "ff" || version == "00" && rest != "" || rest != "" && rest[0] != '-' {
		return false
	}
	for i := range first {
		dash := i == 2 || i == 35 || i == 52
		if c := text[i]; dash != (c == '-') || !dash && (hexValue(c) < 0 || c <= 'F' && c >= 'A') {
			return false
		}
	}
	return strings.Trim(text[3:35], "0") != "" && strings.Trim(text[36:52], "0") != ""
}
