package intake_test

import (
	"testing"

	"sidehook/relay/apitest"
)

// The trace of a request goes with each of its events, in whichever form they
// come, unless an event has one of its own.
func TestTrace(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	trace := []string{"traceparent", parent, "tracestate", "a=1", "tracestate", "b=2"}
	events := 0
	for _, c := range []struct {
		name, contentType, body string
		headers                 []string
		want                    []string // what each event is in, and its state
	}{
		{"plain", apitest.JSON, `{"type":"a.b","id":"1"}`, trace, []string{parent, "a=1,b=2"}},
		{"none", apitest.JSON, `{"type":"a.b","id":"2"}`, nil, []string{"", ""}},
		{"two", apitest.JSON, `{"type":"a.b","id":"3"}`, []string{"traceparent", parent, "traceparent", parent}, []string{"", ""}},
		{"no trace", apitest.JSON, `{"type":"a.b","id":"4"}`, []string{"traceparent", "x", "tracestate", "a=1"}, []string{"", ""}},
		{"legacy", apitest.JSON, `{"cloudEventsVersion":"0.1","eventId":"5","eventType":"a.b"}`, trace, []string{parent, "a=1,b=2"}},
		{"structured", apitest.CloudEvent, ce("6", "a.b"), trace[:2:2], []string{parent, ""}},
		{"batch", apitest.CloudEvents, "[" + ce("7", "a.b") + `,{"specversion":"1.0","id":"8","source":"s","type":"t","traceparent":"own"}]`, trace, []string{parent, "a=1,b=2", "own", ""}},
		{"lines", apitest.JSONLines, "{\"type\":\"a.b\",\"id\":\"9\"}\n{\"type\":\"a.b\",\"id\":\"10\"}", trace[:2:2], []string{parent, "", parent, ""}},
		{"binary", "text/plain", "x", append([]string{"ce-specversion", "1.0", "ce-id", "11", "ce-source", "s", "ce-type", "t"}, trace...), []string{parent, "a=1,b=2"}},
		{"binary of its own", "text/plain", "x", append([]string{"ce-specversion", "1.0", "ce-id", "12", "ce-source", "s", "ce-type", "t", "ce-traceparent", "own"}, trace...), []string{"own", ""}},
	} {
		if r := l.Post(t, c.contentType, c.body, c.headers...); r.StatusCode != 202 {
			t.Fatalf("%s: %d %s", c.name, r.StatusCode, r.Text)
		}
		kept := l.Journal.Events()[events:]
		events += len(kept)
		for i, e := range kept {
			if parent, state := e.Event.Trace(); parent != c.want[2*i] || state != c.want[2*i+1] {
				t.Errorf("%s: event %d is in %q, %q, want %q", c.name, i, parent, state, c.want[2*i:2*i+2])
			}
		}
	}
	// A repeat is one in any trace.
	l.Post(t, apitest.JSON, `{"type":"a.b","id":"1"}`).Check(t, 200, `{"id":"1","webhooks":["first"],"duplicate":true}`+"\n")
	l.Post(t, apitest.JSON, `{"type":"a.b","id":"2"}`, trace...).Check(t, 200, `{"id":"2","webhooks":["first"],"duplicate":true}`+"\n")
}
