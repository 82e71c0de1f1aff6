package event_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"sidehook/history/event"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestWithTrace(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","source":"s","type":"t"`
	const legacy = `{"cloudEventsVersion":"0.1","eventId":"1","source":"s","eventType":"t"`
	for _, c := range []struct {
		name, event, parent, state string
		want                       string // after the event; "" for nothing
		sent                       [2]string
	}{
		{"both", modern + `}`, parent, "a=b", `,"traceparent":"` + parent + `","tracestate":"a=b"`, [2]string{parent, "a=b"}},
		{"parent alone", modern + `}`, parent, "", `,"traceparent":"` + parent + `"`, [2]string{parent, ""}},
		{"state alone", modern + `}`, "", "a=b", "", [2]string{}},
		{"of its own", modern + `,"traceparent":"mine"}`, parent, "a=b", "", [2]string{"mine", ""}},
		{"a state of its own", modern + `,"tracestate":"mine"}`, parent, "a=b", "", [2]string{}},
		{"0.1", legacy + `,"data":1}`, parent, "a=b", `,"traceparent":"` + parent + `","tracestate":"a=b"`, [2]string{parent, "a=b"}},
		{"0.1 of its own", legacy + `,"extensions":{"traceparent":"mine"}}`, parent, "a=b", "", [2]string{"mine", ""}},
		{"no state to send", modern + `}`, parent, "a=é", `,"traceparent":"` + parent + `"`, [2]string{parent, ""}},
		{"a long state", modern + `}`, parent, strings.Repeat("a", 5000), `,"traceparent":"` + parent + `"`, [2]string{parent, ""}},
		{"long ones of its own", modern + `,"traceparent":"` + strings.Repeat("a", 300) + `"}`, "", "", "", [2]string{}},
		{"no header of its own", modern + `,"traceparent":"a\nb"}`, "", "", "", [2]string{}},
		{"a later version", modern + `}`, "cc" + parent[2:] + "-what", "", `,"traceparent":"cc` + parent[2:] + `-what"`, [2]string{"cc" + parent[2:] + "-what", ""}},
		{"no version", modern + `}`, "ff" + parent[2:], "", "", [2]string{}},
		{"too long for its version", modern + `}`, parent + "-x", "", "", [2]string{}},
		{"upper case", modern + `}`, strings.ToUpper(parent), "", "", [2]string{}},
		{"no trace", modern + `}`, "00-" + strings.Repeat("0", 32) + parent[35:], "", "", [2]string{}},
		{"no span", modern + `}`, parent[:36] + strings.Repeat("0", 16) + parent[52:], "", "", [2]string{}},
		{"short", modern + `}`, parent[:54], "", "", [2]string{}},
		{"other dashes", modern + `}`, strings.Replace(parent, "-", "0", 1), "", "", [2]string{}},
	} {
		e, err := event.Parse([]byte(c.event), []string{"id"})
		if err != nil {
			t.Fatal(err)
		}
		got := e.WithTrace(c.parent, c.state)
		if want := c.event[:len(c.event)-1] + c.want + "}"; string(got.JSON) != want {
			t.Errorf("%s: got\n %s, want\n %s", c.name, got.JSON, want)
		}
		again, err := event.Parse(got.JSON, got.Filled)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []*event.Event{&got, &again} {
			if parent, state := e.Trace(); [2]string{parent, state} != c.sent {
				t.Errorf("%s: sends %q, %q, want %q", c.name, parent, state, c.sent)
			}
		}
		if string(e.JSON) != c.event || !slices.Equal(e.Filled, []string{"id"}) {
			t.Errorf("%s: the event itself was changed", c.name)
		}
		// A repeat comes with another trace.
		var before, after bytes.Buffer
		e.WriteContent(&before)
		again.WriteContent(&after)
		if !bytes.Equal(before.Bytes(), after.Bytes()) {
			t.Errorf("%s: it is no repeat of itself", c.name)
		}
	}
}
