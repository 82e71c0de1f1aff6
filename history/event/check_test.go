package event_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sidehook/history/event"
)

func TestTypeIsRequired(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                    `"type": is missing or null`,
		`{"data":1}`:            `"type": is missing or null`,
		`{"type":null}`:         `"type": is missing or null`,
		`{"type":3}`:            `"type": must be a string, not a number (byte 1)`,
		`{"type":""}`:           `"type": must not be empty (byte 1)`,
		`{"data":{"type":"a"}}`: `"type": is missing or null`,
	} {
		_, err := decoder.Plain([]byte(body))
		if got := message(err); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// Attributes of an otherwise good event, and what is wrong with them.
func TestAttributeRules(t *testing.T) {
	for given, want := range map[string]string{
		`"time":"yesterday"`:                    `"time": must be a time of RFC 3339, such as 2026-11-23T14:55:00Z (byte 12)`,
		`"time":""`:                             `"time": must not be empty (byte 12)`,
		`"specversion":"9"`:                     `"specversion": must be "1.0" (byte 12)`,
		`"specversion":1.0`:                     `"specversion": must be a string, not a number (byte 12)`,
		`"specversion":"1\u002e0"`:              "",
		`"id":""`:                               `"id": must not be empty (byte 12)`,
		`"id":7`:                                `"id": must be a string, not a number (byte 12)`,
		`"id":{}`:                               `"id": must be a string, not an object (byte 12)`,
		`"id":"x\r\nEvil: 1"`:                   `"id": must not hold the control character U+000D (byte 12)`,
		`"id":"\u0000"`:                         `"id": must not hold the control character U+0000 (byte 12)`,
		`"id":"` + "\u007f" + `"`:               `"id": must not hold the control character U+007F (byte 12)`,
		`"id":"` + "é\u009f" + `"`:              `"id": must not hold the control character U+009F (byte 12)`,
		`"id":"\u0085"`:                         `"id": must not hold the control character U+0085 (byte 12)`,
		`"id":"` + "\u00a0" + `\\\"\/"`:         "",
		`"id":"\b"`:                             `"id": must not hold the control character U+0008 (byte 12)`,
		`"id":"\f\t"`:                           `"id": must not hold the control character U+000C (byte 12)`,
		`"id":"a\ud800"`:                        `"id": must not hold U+D800, half of a surrogate pair (byte 12)`,
		`"id":"\udc00\ud800"`:                   `"id": must not hold U+DC00, half of a surrogate pair (byte 12)`,
		`"id":"\ud800\u0041"`:                   `"id": must not hold U+D800, half of a surrogate pair (byte 12)`,
		`"id":"\ud83d\ude00 😀"`:                 "",
		`"id":"\uFFFE"`:                         `"id": must not hold U+FFFE, which is not a character (byte 12)`,
		`"id":"` + "\ufdd0" + `"`:               `"id": must not hold U+FDD0, which is not a character (byte 12)`,
		`"source":""`:                           `"source": must not be empty (byte 12)`,
		`"source":[]`:                           `"source": must be a string, not an array (byte 12)`,
		`"subject":""`:                          `"subject": must not be empty (byte 12)`,
		`"subject":true`:                        `"subject": must be a string, not a boolean (byte 12)`,
		`"datacontenttype":""`:                  `"datacontenttype": must not be empty (byte 12)`,
		`"datacontenttype":"a\nb"`:              `"datacontenttype": must not hold the control character U+000A (byte 12)`,
		`"dataschema":""`:                       `"dataschema": must not be empty (byte 12)`,
		`"data_base64":"AAA"`:                   `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":"AA-_"`:                  `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":"A==="`:                  `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":"===="`:                  `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":"AAé="`:                  `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":1`:                       `"data_base64": must be a string, not a number (byte 12)`,
		`"data_base64":""`:                      "",
		`"data_base64":"A+\/09azAZ"`:            `"data_base64": must be base64 in the standard alphabet, with its padding (byte 12)`,
		`"data_base64":"A+\/09azA"`:             "",
		`"data":1,"data_base64":"AA=="`:         `"data_base64": cannot stand beside data (byte 21)`,
		`"data_base64":"AA==","data":null`:      `"data_base64": cannot stand beside data (byte 12)`,
		`"data":1,"data_base64":null`:           "",
		`"type":"b"`:                            `"type": is given twice (byte 12)`,
		`"typ\u0065":"b"`:                       `"type": is given twice (byte 12)`,
		`"id":null,"id":"1"`:                    `"id": is given twice (byte 22)`,
		`"data":1,"data":1`:                     `"data": is given twice (byte 21)`,
		`"x":1,"y":2,"x":3`:                     `"x": is given twice (byte 24)`,
		`"x":1,"y":2,"\u0078":3`:                `"x": is given twice (byte 24)`,
		`"x":null,"x":null`:                     `"x": is given twice (byte 21)`,
		`"x":1,"xy":2,"yx":3,"y":null`:          "",
		many(300):                               "",
		many(300) + `,"x7":0`:                   `"x7": is given twice (byte 2602)`,
		`"x":{}`:                                `"x": must be a string, a boolean or an integer, not an object (byte 12)`,
		`"x":[]`:                                `"x": must be a string, a boolean or an integer, not an array (byte 12)`,
		`"x":"\u0001"`:                          `"x": must not hold the control character U+0001 (byte 12)`,
		`"x":"","y":-2147483648,"z":2147483647`: "",
		`"Foo":1`:                               `"Foo": is not the name of an attribute: those have lower-case letters and digits only (byte 12)`,
		`"foo-bar":1`:                           `"foo-bar": is not the name of an attribute: those have lower-case letters and digits only (byte 12)`,
		`"a\nb":1`:                              `"a\nb": is not the name of an attribute: those have lower-case letters and digits only (byte 12)`,
		`"é":null`:                              `"é": is not the name of an attribute: those have lower-case letters and digits only (byte 12)`,
		`"\ud800":1`:                            `"�": is not the name of an attribute: those have lower-case letters and digits only (byte 12)`,
		`"":1`:                                  `an attribute has an empty name (byte 12)`,
		`"eventId":"1"`:                         `"eventId": belongs to CloudEvents 0.1: post it as application/json, with cloudEventsVersion (byte 12)`,
	} {
		body := `{"type":"a",` + given + `}`
		_, err := decoder.Plain([]byte(body))
		if got := message(err); got != want {
			t.Errorf("%.80s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

// many is n extensions, in as many bytes each as they need.
func many(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf(`"x%d":0`, i))
	}
	return strings.Join(names, ",")
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestEnvelopeRules(t *testing.T) {
	for given, want := range map[string]string{
		``:                 `"eventType": is missing or null`,
		`"eventType":null`: `"eventType": is missing or null`,
		`"eventType":""`:   `"eventType": must not be empty (byte 28)`,
		`"type":"a"`:       `"type": is not an attribute of CloudEvents 0.1: others stand in "extensions" (byte 28)`,
		`"eventid":"a"`:    `"eventid": is not an attribute of CloudEvents 0.1: others stand in "extensions" (byte 28)`,
		`"eventType":"a","eventId":"1","eventID":"1"`:              `"eventID": is given twice (byte 58)`,
		`"eventType":"a","eventTime":"now"`:                        `"eventTime": must be a time of RFC 3339, such as 2026-11-23T14:55:00Z (byte 44)`,
		`"eventType":"a","source":""`:                              `"source": must not be empty (byte 44)`,
		`"eventType":"a","contentType":1`:                          `"contentType": must be a string, not a number (byte 44)`,
		`"eventType":"a","schemaURL":""`:                           `"schemaURL": must not be empty (byte 44)`,
		`"eventType":"a","eventTypeVersion":""`:                    `"eventTypeVersion": must not be empty (byte 44)`,
		`"eventType":"a","extensions":[]`:                          `"extensions": must be an object, not an array (byte 44)`,
		`"eventType":"a","extensions":"x"`:                         `"extensions": must be an object, not a string (byte 44)`,
		`"eventType":"a","extensions":{"x":1,"\u0078":2}`:          `"extensions": "x" is given twice (byte 44)`,
		`"eventType":"a","extensions":{"x":"\n"}`:                  `"extensions": "x" must not hold the control character U+000A (byte 44)`,
		`"eventType":"a","extensions":{"x":{"y":"\n"},"z":[null]}`: "",
		`"eventType":"a","extensions":null,"data":null`:            "",
		`"eventType":"a","cloudEventsVersion":"0.1"`:               `"cloudEventsVersion": is given twice (byte 44)`,
	} {
		body := strings.TrimSuffix(`{"cloudEventsVersion":"0.1",`+given, ",") + "}"
		_, err := decoder.Plain([]byte(body))
		if got := message(err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
	for version, want := range map[string]string{
		`"0.2"`: `"cloudEventsVersion": must be "0.1" (byte 1)`,
		`0.1`:   `"cloudEventsVersion": must be a string, not a number (byte 1)`,
		`null`:  `"cloudEventsVersion": is missing or null`,
	} {
		_, err := decoder.Plain([]byte(`{"cloudEventsVersion":` + version + `,"eventType":"a"}`))
		if got := message(err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", version, got, want)
		}
	}
}

func TestStructuredDemands(t *testing.T) {
	const good = `{"specversion":"1.0","id":"1","source":"s","type":"a"}`
	if e, err := decoder.Structured([]byte(good)); err != nil || string(e.JSON) != good || e.Filled != nil {
		t.Errorf("got %s, %v, %v", e.JSON, e.Filled, err)
	}
	for body, want := range map[string]string{
		`{"specversion":"1.0","id":"1","type":"a"}`:               `"source": is missing or null`,
		`{"specversion":"1.0","source":"s","type":"a"}`:           `"id": is missing or null`,
		`{"specversion":"1.0","id":null,"source":"s","type":"a"}`: `"id": is missing or null`,
		`{"specversion":"1.0","id":"1","source":"s"}`:             `"type": is missing or null`,
		`{"id":"1","source":"s","type":"a"}`:                      `"specversion": is missing or null`,
		`{"specversion":"0.3","id":"1","source":"s","type":"a"}`:  `"specversion": must be "1.0" (byte 1)`,
		`{"cloudEventsVersion":"0.1","eventType":"a"}`:            `"cloudEventsVersion": belongs to CloudEvents 0.1: post it as application/json, with cloudEventsVersion (byte 1)`,
		good + "x":       `expected the end, found "x" (byte 54)`,
		good + "\xff":    "not valid UTF-8 (byte 54)",
		"[" + good + "]": `expected an object, found "[" (byte 0)`,
		``:               "expected an object, found the end (byte 0)",
	} {
		_, err := decoder.Structured([]byte(body))
		if got := message(err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestErrorFields(t *testing.T) {
	_, err := decoder.Lines([]byte("{\"type\":\"a\"}\n\n{\"type\":3}"))
	var problem *event.Error
	if !errors.As(err, &problem) {
		t.Fatalf("%T %v", err, err)
	}
	if want := (event.Error{Index: 1, Field: "type", Problem: "must be a string, not a number", Offset: 15}); *problem != want {
		t.Errorf("got %+v, want %+v", *problem, want)
	}
	if got, want := err.Error(), `event 1: "type": must be a string, not a number (byte 15)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
