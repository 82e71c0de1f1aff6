package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"sidehook/history/event"
)

// TestFilled: which attributes are filled in, and where in the JSON they stand.
func TestFilled(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"a","data":1}`: `{"specversion":"1.0","id":"ID","source":"/default","time":"2026-11-23T11:00:00.123456789Z","type":"a","data":1}` +
			` specversion id source time`,
		`{"id":null,"type":"a","time":null,"data":null,"x":null,"subject":null}`: `{"specversion":"1.0","id":"ID","source":"/default","time":"2026-11-23T11:00:00.123456789Z","type":"a","data":null}` +
			` specversion id source time`,
		"\n{ \"type\" : \"a\" ,\t\"id\" : \"7\" }\r\n": `{"specversion":"1.0","source":"/default","time":"2026-11-23T11:00:00.123456789Z","type":"a","id":"7"}` +
			` specversion source time`,
		`{"data":{"b":1,"a":12345678901234567890,"c":[1.10,1e400,-0]},"t\u0079pe":"\u0061","time":"2026-01-01T00:00:00Z","x":"\u0041"}`: `{"specversion":"1.0","id":"ID","source":"/default",` +
			`"data":{"b":1,"a":12345678901234567890,"c":[1.10,1e400,-0]},"type":"\u0061","time":"2026-01-01T00:00:00Z","x":"\u0041"}` +
			` specversion id source`,
		`{"type":"a","id":"1","source":"s","specversion":"1.0","time":"2026-01-01T00:00:00+01:00"}`: `{"type":"a","id":"1","source":"s","specversion":"1.0","time":"2026-01-01T00:00:00+01:00"}`,
		`{"type":"a","id":"1","source":"s","time":"2026-01-01T00:00:00+01:00"}`:                     `{"specversion":"1.0","type":"a","id":"1","source":"s","time":"2026-01-01T00:00:00+01:00"} specversion`,

		`{"cloudEventsVersion":"0.1","eventType":"a"}`: `{"cloudEventsVersion":"0.1","eventId":"ID","source":"/default","eventTime":"2026-11-23T11:00:00.123456789Z","eventType":"a"}` +
			` eventId source eventTime`,
		`{"eventType":"a","cloudEventsVersion":"0.1","eventID":"1"}`: `{"source":"/default","eventTime":"2026-11-23T11:00:00.123456789Z","eventType":"a","cloudEventsVersion":"0.1","eventID":"1"}` +
			` source eventTime`,
		`{"cloudEventsVersion": "0.1", "eventType": "a", "eventId": null, "source": "s", "eventTime": "2026-01-01T00:00:00Z"}`: `{"cloudEventsVersion":"0.1","eventId":"ID","eventType":"a","source":"s","eventTime":"2026-01-01T00:00:00Z"}` +
			` eventId`,
		`{"cloudEvents\u0056ersion":"0\u002e1","eventType":"a","eventId":"1","source":"s","eventTime":"2026-01-01T00:00:00Z"}`: `{"cloudEventsVersion":"0\u002e1","eventType":"a","eventId":"1","source":"s","eventTime":"2026-01-01T00:00:00Z"}`,
	} {
		e := decode(t, body)
		made := e.ID
		if slices.Contains(e.Filled, "id") || slices.Contains(e.Filled, "eventId") {
			if u, err := uuid.Parse(made); err != nil || u.Version() != 7 {
				t.Errorf("the id %q is not a UUIDv7: %v", made, err)
			}
			made = "ID"
		}
		got := strings.Join(append([]string{strings.ReplaceAll(string(e.JSON), `"`+e.ID+`"`, `"`+made+`"`)}, e.Filled...), " ")
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
		again, err := event.Parse(e.JSON, e.Filled)
		if err != nil {
			t.Fatal(err)
		}
		same(t, &again, &e)
	}
	if a, b := decode(t, `{"type":"a"}`), decode(t, `{"type":"a"}`); a.ID >= b.ID {
		t.Errorf("the id %s is not below that of the next event, %s", a.ID, b.ID)
	}
}

func TestDefaultSource(t *testing.T) {
	var d event.Decoder
	if _, err := d.Plain([]byte(`{"type":"a"}`)); message(err) != `"source": is missing or null` {
		t.Errorf("without one: %v", err)
	}
	d.Source = strings.Repeat(`/"ä\`, 100)
	e, err := d.Plain([]byte(`{"type":"a"}`))
	if err != nil || e.Source != d.Source || !json.Valid(e.JSON) {
		t.Errorf("got %q, %v in %s", e.Source, err, e.JSON)
	}
}

// The event has its own memory: a body may be used again.
func TestBodyIsNotKept(t *testing.T) {
	batch := []byte(`[{"specversion":"1.0","id":"1","source":"s","type":"a"},{"specversion":"1.0","id":"2","source":"s","type":"b"}]`)
	events, err := decoder.Batch(batch)
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte(`{"type":"a","id":"3"}`)
	e, err := decoder.Plain(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{batch, plain} {
		for i := range body {
			body[i] = '#'
		}
	}
	for i, e := range append(events, e) {
		if text := string(e.Raw("id")); text != fmt.Sprintf("%q", e.ID) || e.ID != fmt.Sprint(i+1) || strings.Contains(string(e.JSON), "#") {
			t.Errorf("event %d is %s", i+1, e.JSON)
		}
	}
}

func TestBatch(t *testing.T) {
	const one = `{"specversion":"1.0","id":"1","source":"s","type":"a","data":{"x":[1,2]}}`
	const two = `{"specversion":"1.0","id":"2","source":"s","type":"b","x":null,"\u0079":1}`
	events, err := decoder.Batch([]byte(" [ " + indent(one) + " , " + two + "\n]\n"))
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if got := string(events[0].JSON); got != one {
		t.Errorf("got %s, want %s", got, one)
	}
	if got, want := string(events[1].JSON), `{"specversion":"1.0","id":"2","source":"s","type":"b","y":1}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for body, want := range map[string]string{
		"[]":                            "",
		" [ \n ] ":                      "",
		"":                              "expected an array of events, found the end (byte 0)",
		one:                             `expected an array of events, found "{" (byte 0)`,
		"[" + one:                       `expected "," or "]", found the end (byte 74)`,
		"[" + one + one + "]":           `expected "," or "]", found "{" (byte 74)`,
		"[" + one + ",]":                `event 1: expected an object, found "]" (byte 75)`,
		"[,]":                           `event 0: expected an object, found "," (byte 1)`,
		"[]]":                           `expected the end, found "]" (byte 2)`,
		"[" + one + "] 1":               `expected the end, found "1" (byte 76)`,
		"[" + one + ",7]":               `event 1: expected an object, found "7" (byte 75)`,
		"[" + one + `, {"id":"2"}]`:     `event 1: "specversion": is missing or null`,
		"[" + one + `, {"id":2}]`:       `event 1: "id": must be a string, not a number (byte 77)`,
		"[" + one + `,{"id":"` + "\xff": `event 1: "id": not valid UTF-8 (byte 82)`,
		"[" + one + "]\xff":             "not valid UTF-8 (byte 75)",
		"[" + one + "\xff":              "not valid UTF-8 (byte 74)",
		"[" + one + "," + one[:len(one)-1] + `,"data":` + strings.Repeat("[", 1001): `event 1: "data": nests deeper than 1000 levels (byte 1155)`,
	} {
		events, err := decoder.Batch([]byte(body))
		if got := message(err); got != want || len(events) > 0 {
			t.Errorf("%.80s\ngot  %s, %d events\nwant %s", body, got, len(events), want)
		}
	}
}

func TestLines(t *testing.T) {
	events, err := decoder.Lines([]byte("\n{\"type\":\"a\", \"id\":\"1\"}\r\n \t\n{\"cloudEventsVersion\":\"0.1\",\"eventType\":\"b\"}"))
	if err != nil || len(events) != 2 || events[0].Type != "a" || events[1].Type != "b" || !events[1].Legacy {
		t.Errorf("got %+v, %v", events, err)
	}
	for body, want := range map[string]string{
		"":                                   "",
		" \r\n\n":                            "",
		"{\"type\":\"a\"}\n{\"type\":\n1}":   `event 1: "type": expected a value, found the end (byte 21)`,
		"\n{\"type\":\"a\"}{\"type\":\"b\"}": `event 0: expected the end, found "{" (byte 13)`,
		"{\"type\":\"a\"}\n\n{\"id\":\"1\"}": `event 1: "type": is missing or null`,
		"{\"type\":\"a\"}\n\u00a0\n":         "event 1: expected an object, found 0xc2 (byte 13)",
		"{\"type\":\"a\"}\n{\"x\":\"\xff\"}": `event 1: "x": not valid UTF-8 (byte 19)`,
	} {
		events, err := decoder.Lines([]byte(body))
		if got := message(err); got != want || len(events) > 0 {
			t.Errorf("%q\ngot  %s, %d events\nwant %s", body, got, len(events), want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	const body = `{"specversion":"1.0","id":"1","source":"s","type":"a"}`
	exact, small := event.Decoder{MaxSize: len(body)}, event.Decoder{MaxSize: len(body) - 1}
	for name, read := range map[string]func(d *event.Decoder) error{
		"plain":      func(d *event.Decoder) error { _, err := d.Plain([]byte(body)); return err },
		"structured": func(d *event.Decoder) error { _, err := d.Structured([]byte(body)); return err },
		"batch":      func(d *event.Decoder) error { _, err := d.Batch([]byte("[" + body + " , " + body + "]")); return err },
		"lines":      func(d *event.Decoder) error { _, err := d.Lines([]byte(body + "\r\n" + body)); return err },
	} {
		if err := read(&exact); err != nil {
			t.Errorf("%s of just the size: %v", name, err)
		}
		want := event.Error{Index: -1, Problem: "the event is larger than 53 bytes", Offset: -1, TooLarge: true}
		if name == "batch" || name == "lines" {
			want.Index = 0
		}
		var got *event.Error
		if err := read(&small); !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %+v, want %+v", name, err, want)
		}
	}
	var got *event.Error
	if _, err := decoder.Plain([]byte(`{"type":"a","data":"` + strings.Repeat("x", 2<<20) + `"}`)); !errors.As(err, &got) || !got.TooLarge {
		t.Errorf("2 MiB without a limit set: %v", err)
	}
}

// bodies are seeds of FuzzDecode and of the properties.
var bodies = append([]string{
	seed, typical, indent(typical), "[" + typical + "," + typical + "]",
	`{"type":"a"}`, `{"type":"a","data":null}`, `{"type":"a","type":"b"}`, `{"type":"a","id":null,"x":null,"data":{}}`, `{"t\u0079pe":"a","\ud800":1}`,
	`{"specversion":"1.0","id":"1","type":"a","source":"s"}`, `[{"specversion":"1.0","id":"1","type":"a","source":"s"},{"id":"2"}]`,
	`{"type":"\u0061\/\ud83d\ude00","subject":"é","time":"2026-11-23T14:55:00.5+01:00","data_base64":"AA\/="}`,
	`{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"\u0041":1}}`, `{"eventType":"a","cloudEventsVersion":"0.1","eventID":"1"}`,
	"{\"type\":\"a\xff\"}", "{\"type\":\"a\"}\n\n{\"type\":\"b\"}\r\n", " \n{ \"type\" : \"a\" } ", "{", "", "[]", "{}", `{"":""}`,
	"{\"" + strings.Repeat("\xa6", 70) + "\":x}",
}, values...)

// FuzzDecode: nothing panics; what is accepted is compact JSON that says the
// same as the body, and comes back the same from Parse.
func FuzzDecode(f *testing.F) {
	for _, body := range bodies {
		if len(body) < 2000 { // the fuzzer is slow with long ones
			f.Add([]byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event.Parse(body, nil)
		event.Identify(body)
		var events []event.Event
		if e, err := decoder.Plain(body); err == nil {
			events = append(events, e)
		}
		if e, err := decoder.Structured(body); err == nil {
			events = append(events, e)
		}
		batch, _ := decoder.Batch(body)
		lines, _ := decoder.Lines(body)
		for _, e := range slices.Concat(events, batch, lines) {
			var compact bytes.Buffer
			if err := json.Compact(&compact, e.JSON); err != nil || !bytes.Equal(compact.Bytes(), e.JSON) {
				t.Fatalf("%q: %q is not compact JSON: %v", body, e.JSON, err)
			}
			if e.ID == "" || e.Source == "" || e.Type == "" {
				t.Fatalf("%q: id %q, source %q, type %q", body, e.ID, e.Source, e.Type)
			}
			again, err := event.Parse(e.JSON, e.Filled)
			if err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			same(t, &again, &e)
			for name, raw := range e.Members() {
				if !bytes.Equal(e.Raw(name), raw) || !json.Valid(raw) {
					t.Fatalf("%q: the member %q is %q, or %q", body, name, e.Raw(name), raw)
				}
			}
		}
	})
}
