package event_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"sidehook/history/event"
)

// headers are the attributes that must be there, and more: names and values in
// turn. A value that is "-" takes the header away.
func headers(more ...string) map[string][]string {
	h := map[string][]string{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"/s"}, "Ce-Type": {"t"},
		"User-Agent": {"x"}, "Cent": {"x"},
	}
	for i := 0; i < len(more); i += 2 {
		if more[i+1] == "-" {
			delete(h, more[i])
			continue
		}
		h[more[i]] = append(h[more[i]], more[i+1])
	}
	return h
}

func TestBinary(t *testing.T) {
	var d event.Decoder
	for _, c := range []struct {
		name   string
		header map[string][]string
		body   string
		want   string // between the braces
	}{
		{"no body", headers(), "", `"id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"JSON", headers("Content-Type", "application/json"), ` {"b" : 12345678901234567890, "a": 1.10, "t": "\u00e9\/"}` + "\n",
			`"data":{"b":12345678901234567890,"a":1.10,"t":"\u00e9\/"},"datacontenttype":"application/json","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"JSON of a type", headers("Content-Type", `application/x+json; charset="UTF-8"`), `"é"`,
			`"data":"é","datacontenttype":"application/x+json; charset=\"UTF-8\"","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"JSON without a type", headers(), "[1]\n", `"data":[1],"id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"null", headers(), "null", `"data":null,"id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"text without a type", headers(), "hello", `"data_base64":"aGVsbG8=","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"more than a value without a type", headers(), `1,"id":"2"`, `"data_base64":"MSwiaWQiOiIyIg==","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"text", headers("Content-Type", "text/plain; charset=utf-8"), "1\n", `"data_base64":"MQo=","datacontenttype":"text/plain; charset=utf-8","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"JSON of another charset", headers("Content-Type", "text/json;charset=utf-16"), "1", `"data_base64":"MQ==","datacontenttype":"text/json;charset=utf-16","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"not UTF-8", headers(), "\"\xff\"", `"data_base64":"Iv8i","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"attributes", headers("Ce-Time", "2026-11-23T14:00:00Z", "Ce-Subject", "Euro%20%E2%82%AC%20%f0%9F%98%80", "Ce-Ext1", "", "Ce-Data1", "x"), "",
			`"data1":"x","ext1":"","id":"1","source":"/s","specversion":"1.0","subject":"Euro € 😀","time":"2026-11-23T14:00:00Z","type":"t"`},
		{"decoded once", headers("Ce-A", "%2525"), "", `"a":"%25","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"a URI that was encoded", headers("Ce-Source", "-", "Ce-Source", "/a%2520b"), "", `"id":"1","source":"/a%20b","specversion":"1.0","type":"t"`},
		{"URIs that were not", headers("Ce-Source", "-", "Ce-Source", "/a%20b%2Fc", "Ce-Dataschema", "https://x/%C3%A9"), "",
			`"dataschema":"https://x/%C3%A9","id":"1","source":"/a%20b%2Fc","specversion":"1.0","type":"t"`},
		{"quoted", headers("Ce-A", `"a \"b\\ %41"`), "", `"a":"a \"b\\ A","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"quotes within", headers("Ce-A", `{"othervalue": 5}`, "Ce-B", `"a" "b"`, "Ce-C", `"a\"`, "Ce-D", `"`), "",
			`"a":"{\"othervalue\": 5}","b":"\"a\" \"b\"","c":"\"a\\\"","d":"\"","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"half an escape", headers("Ce-A", "100% of %4g%4"), "", `"a":"100% of %4g%4","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"letters as they are", headers("Ce-A", "é"), "", `"a":"é","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"0.3", headers("Ce-Specversion", "-", "Ce-Specversion", "0.3", "Ce-Schemaurl", "https://x/y"), "1",
			`"data":1,"dataschema":"https://x/y","id":"1","source":"/s","specversion":"1.0","type":"t"`},
		{"that name in 1.0", headers("Ce-Schemaurl", "x"), "", `"id":"1","schemaurl":"x","source":"/s","specversion":"1.0","type":"t"`},
	} {
		e, err := d.Binary(c.header, []byte(c.body))
		if got := string(e.JSON); err != nil || got != "{"+c.want+"}" {
			t.Errorf("%s: %v, got\n %s, want\n {%s}", c.name, err, got, c.want)
			continue
		}
		if _, err := event.Parse(e.JSON, e.Filled); err != nil || e.ID != "1" || e.Source == "" || e.Type != "t" || e.Legacy || e.Filled != nil {
			t.Errorf("%s: %v, got %+v", c.name, err, e)
		}
	}
}

func TestBinaryRefused(t *testing.T) {
	d := event.Decoder{MaxSize: 100}
	for _, c := range []struct {
		name   string
		header map[string][]string
		body   string
		want   string
	}{
		{"no id", headers("Ce-Id", "-"), "", `"id": is missing or null`},
		{"no type", headers("Ce-Type", "-"), "", `"type": is missing or null`},
		{"empty source", headers("Ce-Source", "-", "Ce-Source", ""), "", `"source": must not be empty`},
		{"version", headers("Ce-Specversion", "-", "Ce-Specversion", "2.0"), "", `"specversion": must be "1.0"`},
		{"twice", headers("Ce-Id", "2"), "", `"id": is given twice (header ce-id)`},
		{"two types", headers("Content-Type", "text/plain", "Content-Type", "text/html"), "", `"datacontenttype": is given twice (header Content-Type)`},
		{"type as an attribute", headers("Ce-Datacontenttype", "text/plain"), "", `"datacontenttype": must be given as Content-Type in the binary mode (header ce-datacontenttype)`},
		{"data as an attribute", headers("Ce-Data", "1"), "", `"data": is the body in the binary mode (header ce-data)`},
		{"encoding of 0.3", headers("Ce-Datacontentencoding", "base64"), "", `"datacontentencoding": belongs to CloudEvents 0.3, and means nothing in the binary mode (header ce-datacontentencoding)`},
		{"name", headers("Ce-A-B", "x"), "", `"a-b": is not the name of an attribute: those have lower-case letters and digits only`},
		{"no name", headers("Ce-", "x"), "", "an attribute has an empty name"},
		{"no UTF-8", headers("Ce-A", "%ff"), "", `"a": is not valid UTF-8 (header ce-a)`},
		{"twice in other letters", map[string][]string{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1", "1"}, "Ce-Source": {"/s"}, "Ce-Type": {"t"}}, "", `"id": is given twice (header ce-id)`},
		{"no media type", headers("Content-Type", "xyz"), "", `"datacontenttype": must be a media type (RFC 2046), such as application/json`},
		{"a source with a space", headers("Ce-Source", "-", "Ce-Source", "a b"), "", `"source": must be a URI reference (RFC 3986); write it like "a%20b"`},
		{"a schema without a scheme", headers("Ce-Dataschema", "x/y"), "", `"dataschema": must be a URI that begins with its scheme (RFC 3986); write it like "https://example.com/schema.json"`},
		{"expirytime", headers("Ce-Expirytime", "yesterday"), "", `"expirytime": must be a time of RFC 3339, such as 2026-11-23T14:55:00Z`},
		{"a line", headers("Ce-A", "a%0D%0AX: y"), "", `"a": must not hold the control character U+000D`},
		{"time", headers("Ce-Time", "now"), "", `"time": must be a time of RFC 3339, such as 2026-11-23T14:55:00Z`},
		{"no JSON", headers("Content-Type", "application/json"), "{", `"data": expected a name in quotes, found the end (byte 1)`},
		{"more than a value", headers("Content-Type", "application/json"), `1,"id":"2"`, `"data": expected the end, found "," (byte 1)`},
		{"too large", headers(), strings.Repeat("x", 101), "the event is larger than 100 bytes"},
	} {
		_, err := d.Binary(c.header, []byte(c.body))
		if got := fmt.Sprint(err); !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// The same request is the same event, though headers have no order.
func TestBinaryOrder(t *testing.T) {
	var d event.Decoder
	h := headers("Ce-A", "1", "Ce-B", "2", "Ce-C", "3", "Ce-Z", "4")
	want, err := d.Binary(h, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, _ := d.Binary(h, []byte("1")); string(got.JSON) != string(want.JSON) {
			t.Fatalf("got %s, want %s", got.JSON, want.JSON)
		}
	}
}

// FuzzBinary: whatever is in a header or in a body, an event that is accepted
// has that body, and what its headers say and nothing else.
func FuzzBinary(f *testing.F) {
	f.Add("application/json", "x", `{"a":1}`)
	f.Add("application/json", `a"b`, `1,"id":"2"`)
	f.Add("", "%41%", "text")
	f.Add("text/plain", `"a\"b"`, "\x00")
	f.Fuzz(func(t *testing.T, contentType, subject, body string) {
		var d event.Decoder
		h := headers()
		h["Content-Type"], h["Ce-Subject"] = []string{contentType}, []string{subject}
		e, err := d.Binary(h, []byte(body))
		if err != nil {
			return
		}
		got, err := event.Parse(e.JSON, nil)
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", e.JSON, err)
		}
		n := 5
		if contentType != "" {
			n++
		}
		raw, encoded := got.Data()
		if raw != nil {
			n++
		}
		for range got.Members() {
			n--
		}
		if n != 0 || got.ID != "1" || got.Source != "/s" || got.Type != "t" {
			t.Errorf("%q, %q, %q became %s", contentType, subject, body, e.JSON)
		}
		if text, _ := event.Unquote(raw); encoded {
			if back, err := base64.StdEncoding.DecodeString(text); err != nil || string(back) != body {
				t.Errorf("%q became %q", body, back)
			}
		}
	})
}

// A value that is encoded for a header is decoded to the same value.
func TestHeaderValues(t *testing.T) {
	for text, want := range map[string]string{
		"Euro € 😀":  "Euro%20%E2%82%AC%20%F0%9F%98%80",
		`"100%"`:    "%22100%25%22",
		"a~!b":      "a~!b",
		"a\r\n\x7f": "a%0D%0A%7F",
	} {
		got := string(event.AppendHeaderValue(nil, text))
		if got != want || !event.Sendable(got) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
