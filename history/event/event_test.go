package event_test

import (
	"fmt"
	"hash/maphash"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/event"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.FixedZone("", 3600))

// decoder fills in what tests can tell.
var decoder = event.Decoder{Source: "/default", Now: func() time.Time { return noon }}

func decode(t *testing.T, body string) event.Event {
	t.Helper()
	e, err := decoder.Plain([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return e
}

// seed is the envelope as Qlik sends it.
const seed = `{
"cloudEventsVersion": "0.1",
"source": "com.qlik/engine",
"contentType": "application/json",
"eventId": "e65c1481-e8a-4be-a5ca-27dfcde077d7",
"eventTime": "2021-03-08T14:51:29Z",
"eventTypeVersion": "1.0.0",
"eventType": "com.qlik.v1.app.deleted",
"extensions": {
"ownerId": "vNRGrDZIypJzauw59BbpvkRhqbmI",
"tenantId": "oZcMPa_1PwH4FUdrh6839YHHdEJN",
"userId": "vNRGrDZIypJtcGTzauw59BbpqbmI"
},
"data": {
"attributes": {
"id": "0984fec4-aa8c-4253-b1d1-4fd4f9c78",
"name": "New App",
"createdDate": "2021-03-08T14:51:28.888Z",
"modifiedDate": "2021-03-08T14:51:29.316Z",
"owner": "auth0|b62a17c577a4abe6e807b07d18c4d82286352542d633d120100b03fb11",
"ownerId": "vNRGrDZIypJtcGTzauw59BbpvbmI",
"published": false,
"hasSectionAccess": false
}
}
}`

func TestSeed(t *testing.T) {
	e := decode(t, seed)
	want := strings.ReplaceAll(strings.ReplaceAll(seed, "\n", ""), `": `, `":`)
	if string(e.JSON) != want {
		t.Errorf("got  %s\nwant %s", e.JSON, want)
	}
	if e.ID != "e65c1481-e8a-4be-a5ca-27dfcde077d7" || e.Source != "com.qlik/engine" || e.Type != "com.qlik.v1.app.deleted" ||
		!e.Legacy || len(e.Filled) > 0 {
		t.Errorf("got %+v", e)
	}
	if got := list(&e); !slices.Equal(got, []string{
		`ownerId="vNRGrDZIypJzauw59BbpvkRhqbmI"`, `tenantId="oZcMPa_1PwH4FUdrh6839YHHdEJN"`, `userId="vNRGrDZIypJtcGTzauw59BbpqbmI"`,
	}) {
		t.Errorf("extensions %q", got)
	}
	for name, want := range map[string]string{
		"time": `"2021-03-08T14:51:29Z"`, "type": `"com.qlik.v1.app.deleted"`, "datacontenttype": `"application/json"`,
		"eventtypeversion": `"1.0.0"`, "id": `"e65c1481-e8a-4be-a5ca-27dfcde077d7"`, "specversion": `"0.1"`,
		"dataschema": "", "subject": "", "eventTime": "", "": "", "data_base64": "",
	} {
		if got := e.Attribute(name); string(got) != want {
			t.Errorf("Attribute(%q) is %s, want %s", name, got, want)
		}
	}
	if got := string(e.Raw("eventTime")); got != `"2021-03-08T14:51:29Z"` {
		t.Errorf("Raw(eventTime) is %s", got)
	}
}

func list(e *event.Event) (extensions []string) {
	for name, raw := range e.Extensions() {
		extensions = append(extensions, name+"="+string(raw))
	}
	return extensions
}

func TestAccess(t *testing.T) {
	e := decode(t, `{"type":"a\/b","id":"\u00e9","traceparent":"00-1","n":110,"subject":"s","flag":true,"data":{"id":"inner"}}`)
	if e.Type != "a/b" || e.ID != "é" {
		t.Errorf("type %q, id %q", e.Type, e.ID)
	}
	for name, want := range map[string]string{"n": "110", "type": `"a\/b"`, "data": `{"id":"inner"}`, "inner": "", "": ""} {
		if got := e.Raw(name); string(got) != want || (got == nil) != (want == "") {
			t.Errorf("Raw(%q) is %s, want %s", name, got, want)
		}
	}
	if got := string(e.Attribute("subject")); got != `"s"` {
		t.Errorf("Attribute(subject) is %s", got)
	}
	if got, want := list(&e), []string{`traceparent="00-1"`, "n=110", "flag=true"}; !slices.Equal(got, want) {
		t.Errorf("extensions %q, want %q", got, want)
	}
	for range e.Extensions() {
		break
	}
	var names []string
	for name := range e.Members() {
		if names = append(names, name); name == "flag" {
			break
		}
	}
	if got, want := strings.Join(names, " "), "specversion source time type id traceparent n subject flag"; got != want {
		t.Errorf("members %q, want %q", got, want)
	}
	raw := e.Raw("n")
	_ = append(raw, "overwritten"...)
	if got := string(e.Raw("subject")); got != `"s"` {
		t.Errorf("an append to one value changed another to %s", got)
	}
}

// An attribute that was filled in is not one that was given.
func TestGiven(t *testing.T) {
	for _, body := range []string{
		`{"type":"a"}`,
		`{"specversion":"1.0","type":"a","id":"1","data":{"x":[1.0]}}`,
		`{"cloudEventsVersion":"0.1","eventType":"a","source":"/s"}`,
	} {
		if e := decode(t, body); e.Given() != len(body) || len(e.JSON) == len(body) {
			t.Errorf("%s: %d bytes of %s, want %d", body, e.Given(), e.JSON, len(body))
		}
	}
}

func TestExtensionsOfEnvelope(t *testing.T) {
	e := decode(t, `{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"a\u0062":{"c":[1, 2]},"d":null}}`)
	if got, want := list(&e), []string{`ab={"c":[1,2]}`, "d=null"}; !slices.Equal(got, want) {
		t.Errorf("extensions %q, want %q", got, want)
	}
	for range e.Extensions() {
		break
	}
	e = decode(t, `{"cloudEventsVersion":"0.1","eventType":"a"}`)
	if got := list(&e); len(got) > 0 {
		t.Errorf("extensions %q, want none", got)
	}
	e = decode(t, `{"cloudEventsVersion":"0.1","eventType":"a","eventID":"7"}`)
	if got := string(e.Attribute("id")); got != `"7"` || e.ID != "7" {
		t.Errorf("eventID is %s, %q", got, e.ID)
	}
}

func TestData(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"a"}`:                                            " false",
		`{"type":"a","data":null}`:                                "null false",
		`{"type":"a","data": [ 1 ]}`:                              "[1] false",
		`{"type":"a","data_base64":"AA=="}`:                       `"AA==" true`,
		`{"type":"a","data_base64":null}`:                         " false",
		`{"cloudEventsVersion":"0.1","eventType":"a","data":"x"}`: `"x" false`,
	} {
		e := decode(t, body)
		raw, base64 := e.Data()
		if got := fmt.Sprint(string(raw), " ", base64); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// Parse of the JSON that a Decoder made returns an event with the same attributes.
func TestParseIsTheInverse(t *testing.T) {
	for _, body := range bodies {
		e, err := decoder.Plain([]byte(body))
		if err != nil {
			continue
		}
		again, err := event.Parse(e.JSON, e.Filled)
		if err != nil {
			t.Errorf("%s: %v", e.JSON, err)
			continue
		}
		same(t, &again, &e)
	}
}

func same(t *testing.T, got, want *event.Event) {
	t.Helper()
	g, w := fmt.Sprintf("%q", []string{got.ID, got.Source, got.Type, string(got.JSON)}), fmt.Sprintf("%q", []string{want.ID, want.Source, want.Type, string(want.JSON)})
	if g != w || got.Legacy != want.Legacy || !slices.Equal(got.Filled, want.Filled) {
		t.Errorf("got  %s\nwant %s", g, w)
	}
	if g, w := maps.Collect(got.Members()), maps.Collect(want.Members()); !reflect.DeepEqual(g, w) {
		t.Errorf("members\ngot  %q\nwant %q", g, w)
	}
	if g, w := list(got), list(want); !slices.Equal(g, w) {
		t.Errorf("extensions\ngot  %q\nwant %q", g, w)
	}
	if g, w := content(got), content(want); g != w {
		t.Errorf("content\ngot  %s\nwant %s", g, w)
	}
	rawID, rawType := event.Identify(got.JSON)
	if id, kind := event.AppendUnquoted(nil, rawID), event.AppendUnquoted(nil, rawType); string(id) != want.ID || string(kind) != want.Type {
		t.Errorf("identified as %q of the type %q, want %q, %q", id, kind, want.ID, want.Type)
	}
}

// A stored event is read out of a longer buffer, which nobody may write to.
func TestParsedIsClipped(t *testing.T) {
	buffer := []byte(`{"id":"1","source":"s","type":"a"},"crc":"00000000"}`)
	e, err := event.Parse(buffer[:34], nil)
	if err != nil || cap(e.JSON) != 34 {
		t.Errorf("%d of %d bytes, %v", len(e.JSON), cap(e.JSON), err)
	}
}

func TestParseRefuses(t *testing.T) {
	for stored, want := range map[string]string{
		``:                        "parse event: expected an object, found the end (byte 0)",
		`[]`:                      `parse event: expected an object, found "[" (byte 0)`,
		`{}`:                      "parse event: its id, source or type is missing",
		`{"type":"a","id":"1"}`:   "parse event: its id, source or type is missing",
		`{"type":"a"`:             `parse event: expected "," or "}", found the end (byte 11)`,
		`{"type":"a"}x`:           `parse event: expected the end, found "x" (byte 12)`,
		`{"type": "a"}`:           `parse event: "type": expected a value, found 0x20 (byte 8)`,
		` {}`:                     "parse event: expected an object, found 0x20 (byte 0)",
		"{\"type\":\"a\"}\n":      "parse event: expected the end, found 0x0a (byte 12)",
		`{"type":"a","data":[1,}`: `parse event: "data": expected a value, found "}" (byte 22)`,
	} {
		if e, err := event.Parse([]byte(stored), nil); fmt.Sprint(err) != want {
			t.Errorf("%s: got %+v, %v, want %s", stored, e, err, want)
		}
	}
}

func content(e *event.Event) string {
	var b strings.Builder
	e.WriteContent(&b)
	return b.String()
}

func TestContent(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"a"}`: `"type":"a"`,
		`{"id":"1","type":"a","source":"s","specversion":"1.0"}`:                                `"type":"a"`,
		`{"type":"a","time":"2026-11-23T14:55:00Z"}`:                                            `"type":"a""time":"2026-11-23T14:55:00Z"`,
		` { "x" : 1 , "type" : "a" , "id" : "1" , "subject" : null , "data" : { "a" : [ ] } } `: `"x":1"type":"a""data":{"a":[]}`,
		`{"cloudEventsVersion":"0.1","eventType":"a","eventID":"1","data":1}`:                   `"eventType":"a""data":1`,
		`{"eventType":"a","eventId":"1","cloudEventsVersion":"0.1","extensions":{"id":"x"}}`:    `"eventType":"a""extensions":{"id":"x"}`,
	} {
		e := decode(t, body)
		if got := content(&e); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

func TestContentAllocatesNothing(t *testing.T) {
	e := decode(t, typical)
	var h maphash.Hash
	if n := testing.AllocsPerRun(100, func() { e.WriteContent(&h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A decoded event has its attributes. One that was read again has them found, and is not
// changed by that, since others may read it.
func TestParsed(t *testing.T) {
	decoded := decode(t, `{"type":"order.paid","id":"1","source":"/s","data":1}`)
	if got, err := decoded.Parsed(); got != &decoded || err != nil {
		t.Errorf("got another event of one that was decoded, or %v", err)
	}
	stored := event.Event{JSON: decoded.JSON, Filled: decoded.Filled}
	got, err := stored.Parsed()
	if err != nil || got.ID != "1" || string(got.Raw("data")) != "1" || !slices.Equal(got.Filled, decoded.Filled) || stored.ID != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, json := range []string{``, `{}`, `{"id":"1"`} {
		broken := event.Event{JSON: []byte(json)}
		if got, err := broken.Parsed(); err == nil {
			t.Errorf("%s: got %+v", json, got)
		}
	}
}
