package event_test

import (
	"testing"

	"sidehook/history/event"
)

func TestValue(t *testing.T) {
	const (
		modern = `{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"su","tenant":"x","data":{"a":{"b":1.10,"n":null},"e\u0066":"g","l":[1]}}`
		legacy = `{"cloudEventsVersion":"0.1","eventID":"1","source":"s","eventType":"t","eventTypeVersion":"2","extensions":{"tenant":{"k":1},"ownerId":"o","OwnerID":"p"},"data":{"a":true}}`
	)
	for _, c := range []struct{ json, path, want string }{
		{modern, "subject", `"su"`},
		{modern, "tenant", `"x"`},
		{modern, "time", ""},
		{modern, "data.a.b", "1.10"},
		{modern, "data.a", `{"b":1.10,"n":null}`},
		{modern, "data.a.n", ""},
		{modern, "data.ef", `"g"`},
		{modern, "data.l.0", ""},
		{modern, "data.none.b", ""},
		{legacy, "type", `"t"`},
		{legacy, "id", `"1"`},
		{legacy, "data.a", "true"},
		{legacy, "tenant", `{"k":1}`},
		{legacy, "ownerId", `"o"`},
		{legacy, "ownerid", `"o"`},
		{legacy, "eventtypeversion", `"2"`},
		{legacy, "none", ""},
	} {
		e, err := event.Parse([]byte(c.json), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(e.Value(c.path)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
}
