package event_test

import (
	"fmt"
	"testing"
	"time"

	"sidehook/history/event"
)

// times are texts, and the times of RFC 3339 that they are; "" for those that
// are none.
var times = map[string]string{
	"2026-11-23T14:55:00Z":                   "2026-11-23T14:55:00Z",
	"2026-11-23t14:55:00z":                   "2026-11-23T14:55:00Z",
	"2026-11-23T14:55:00.1Z":                 "2026-11-23T14:55:00.1Z",
	"2026-11-23T14:55:00.123456789012+23:59": "2026-11-22T14:56:00.123456789Z",
	"2026-11-23T14:55:00-00:00":              "2026-11-23T14:55:00Z",
	"2026-11-23T00:00:00+00:01":              "2026-11-22T23:59:00Z",
	"2026-02-28T23:30:00-12:00":              "2026-03-01T11:30:00Z",
	"1985-04-12T00:59:59.999999999999999Z":   "1985-04-12T00:59:59.999999999Z",
	"2024-02-29T00:00:00Z":                   "2024-02-29T00:00:00Z",
	"2000-02-29T00:00:00Z":                   "2000-02-29T00:00:00Z",
	"2026-04-30T00:00:00Z":                   "2026-04-30T00:00:00Z",
	"1969-12-31T23:59:59Z":                   "1969-12-31T23:59:59Z",
	"0000-01-01T00:00:00Z":                   "0000-01-01T00:00:00Z",
	"9999-12-31T23:59:59.9-01:00":            "10000-01-01T00:59:59.9Z",

	// Leap seconds, at the end of a month in UTC.
	"2016-12-31T23:59:60Z":          "2017-01-01T00:00:00Z",
	"2015-06-30t23:59:60.5z":        "2015-07-01T00:00:00.5Z",
	"2024-02-29T23:59:60Z":          "2024-03-01T00:00:00Z",
	"1998-12-31T15:59:60.123-08:00": "1999-01-01T00:00:00.123Z",
	"2017-01-01T05:29:60+05:30":     "2017-01-01T00:00:00Z",
	"2016-12-31T23:59:60+00:00":     "2017-01-01T00:00:00Z",
	"2016-12-31T23:59:61Z":          "",
	"2016-12-31T23:58:60Z":          "",
	"2016-12-31T22:59:60Z":          "",
	"2016-12-30T23:59:60Z":          "",
	"2023-02-29T23:59:60Z":          "",
	"2024-02-28T23:59:60Z":          "",
	"2016-12-31T23:59:60+01:00":     "",
	"2016-12-31T23:59:60-08:00":     "",
	"2016-12-31T24:59:60+01:00":     "",
	"2017-01-01T00:00:60Z":          "",

	"": "", "yesterday": "", "now": "", "0": "", "1795446900": "", "2026-11-23": "", "14:55:00Z": "",
	"2026-11-23T14:55:00": "", "2026-11-23 14:55:00Z": "", "2026-11-23T14:55Z": "", "2026-11-23T24:00:00Z": "", "2026-11-23T14:60:00Z": "",
	"2026-13-23T14:55:00Z": "", "2026-00-23T14:55:00Z": "", "2026-11-00T14:55:00Z": "", "2026-11-31T14:55:00Z": "", "2026-02-29T00:00:00Z": "",
	"2100-02-29T00:00:00Z": "", "2026-01-32T00:00:00Z": "", "2026-11-23T14:55:00.Z": "", "2026-11-23T14:55:00,5Z": "", "2026-11-23T14:55:00.5.5Z": "",
	"2026-11-23T14:55:00+24:00": "", "2026-11-23T14:55:00-24:00": "", "2026-11-23T14:55:00+00:60": "", "2026-11-23T14:55:00+0000": "",
	"2026-11-23T14:55:00+01": "", "2026-11-23T14:55:00+1:00": "", "2026-11-23T14:55:00+00-00": "", "2026-11-23T14:55:00*00:00": "",
	"2026-11-23T14:55:00.123": "", "2026-11-23T14:55:00X": "", "2026-11-23T14:55:00ZZ": "", "2026-11-23T14:55:00+01:00Z": "",
	"2026/11/23T14:55:00Z": "", "+026-11-23T14:55:00Z": "", "+12026-11-23T14:55:00Z": "", "-2026-11-23T14:55:00Z": "", "12026-11-23T14:55:00Z": "",
	"2026-1-23T14:55:00Z": "", "2026-11-3T14:55:00Z": "", "2026-11-23T4:55:00Z": "", "2026-1x-23T14:55:00Z": "", "2026-11-23T14.55:00Z": "",
	"2026-11-23X14:55:00Z": "", "2013-350T01:01:01Z": "", "20261123T145500Z": "", "11/23/2026 14:55:00 PST": "", "Mon, 23 Nov 2026 14:55:00 GMT": "",
	"2026-11-2\u09eaT00:00:00Z": "", "2026-11-23T0\u09ea:00:00Z": "", " 2026-11-23T14:55:00Z": "", "2026-11-23T14:55:00Z ": "",
}

func TestParseTime(t *testing.T) {
	for text, want := range times {
		at, ok := event.ParseTime(text)
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whichever time an event has, in whichever form, is read as every other one.
func TestTimes(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","source":"s","type":"a",`
	one := func(e event.Event, err error) error { return err }
	all := func(e []event.Event, err error) error { return err }
	for place, decode := range map[string]func(text string) error{
		"time": func(text string) error { return one(decoder.Plain(fmt.Appendf(nil, `{"type":"a","time":%q}`, text))) },
		"expirytime": func(text string) error {
			return one(decoder.Plain(fmt.Appendf(nil, `{"type":"a","expirytime":%q}`, text)))
		},
		"structured time": func(text string) error {
			return one(decoder.Structured(fmt.Appendf(nil, modern+`"time":%q}`, text)))
		},
		"structured expirytime": func(text string) error {
			return one(decoder.Structured(fmt.Appendf(nil, modern+`"expirytime":%q}`, text)))
		},
		"batch": func(text string) error {
			return all(decoder.Batch(fmt.Appendf(nil, "["+modern+`"expirytime":%q}]`, text)))
		},
		"lines": func(text string) error {
			return all(decoder.Lines(fmt.Appendf(nil, `{"type":"a"}`+"\n"+`{"type":"a","expirytime":%q}`, text)))
		},
		"eventTime": func(text string) error {
			return one(decoder.Plain(fmt.Appendf(nil, `{"cloudEventsVersion":"0.1","eventType":"a","eventTime":%q}`, text)))
		},
		"extension of 0.1": func(text string) error {
			return one(decoder.Plain(fmt.Appendf(nil, `{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"expiryTime":%q}}`, text)))
		},
		"ce-time":       func(text string) error { return one(decoder.Binary(headers("Ce-Time", text), nil)) },
		"ce-expirytime": func(text string) error { return one(decoder.Binary(headers("Ce-Expirytime", text), nil)) },
	} {
		t.Run(place, func(t *testing.T) {
			for text, want := range times {
				if err := decode(text); (err == nil) != (want != "") {
					t.Errorf("%q: got %v, want it accepted: %v", text, err, want != "")
				}
			}
		})
	}
}

// A value that is not a string is not a time.
func TestExpiryTimeOfAnotherType(t *testing.T) {
	for raw, want := range map[string]string{
		`1795446900`:                  `"expirytime": must be a string with a time of RFC 3339, such as "2026-11-23T14:55:00Z", not a number (byte 12)`,
		`true`:                        `"expirytime": must be a string with a time of RFC 3339, such as "2026-11-23T14:55:00Z", not a boolean (byte 12)`,
		`{}`:                          `"expirytime": must be a string, a boolean or an integer, not an object (byte 12)`,
		`"tomorrow"`:                  `"expirytime": must be a time of RFC 3339, such as 2026-11-23T14:55:00Z (byte 12)`,
		`null`:                        "",
		`"\u0032026-11-23T14:55:00Z"`: "",
	} {
		_, err := decoder.Plain([]byte(`{"type":"a","expirytime":` + raw + `}`))
		if got := message(err); got != want {
			t.Errorf("%s: got  %s\nwant %s", raw, got, want)
		}
		if raw == "{}" {
			continue
		}
		_, err = decoder.Plain([]byte(`{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"EXPIRYTIME":` + raw + `}}`))
		if (err == nil) != (want == "") {
			t.Errorf("%s in 0.1: got %v, want it accepted: %v", raw, err, want == "")
		}
	}
}

// An event expires by the same reading.
func TestExpiryTime(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"a","expirytime":"2020-01-01t00:00:00z"}`:                                                     "2020-01-01T00:00:00Z",
		`{"type":"a","expirytime":"1990-12-31T15:59:60-08:00"}`:                                                "1991-01-01T00:00:00Z",
		`{"type":"a","expirytime":"9999-12-31T23:59:59Z"}`:                                                     "9999-12-31T23:59:59Z",
		`{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"ExpiryT\u0069me":"2020-01-01T00:00:00Z"}}`: "2020-01-01T00:00:00Z",
		`{"cloudEventsVersion":"0.1","eventType":"a","extensions":{"x":"expirytime"}}`:                         "",
		`{"type":"a","data":{"expirytime":"2020-01-01T00:00:00Z"}}`:                                            "",
	} {
		e := decode(t, body)
		at, ok := event.ExpiryTime(e.JSON, e.Filled)
		if own, known := e.Expires(); known != ok || !own.Equal(at) {
			t.Errorf("%s: Expires gives %v, %v, and ExpiryTime %v, %v", body, own, known, at, ok)
		}
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	// Accepted by an earlier version.
	if at, ok := event.ExpiryTime([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"a","expirytime":"yesterday"}`), nil); ok {
		t.Errorf("got %v", at)
	}
}

// The events of one request were accepted at one time.
func TestLinesShareATime(t *testing.T) {
	calls := 0
	d := event.Decoder{Source: "/s", Now: func() time.Time {
		calls++
		return time.Date(2026, 1, 2, 3, 4, 5, calls, time.UTC)
	}}
	own := `{"type":"a","time":"2020-01-01T00:00:00Z"}` + "\n"
	events, err := d.Lines([]byte(own + `{"type":"a"}` + "\n" + own + `{"type":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	const first, given = `"2026-01-02T03:04:05.000000001Z"`, `"2020-01-01T00:00:00Z"`
	for i, want := range []string{given, first, given, first} {
		if got := string(events[i].Raw("time")); got != want {
			t.Errorf("event %d: %s, want %s", i, got, want)
		}
	}
}
