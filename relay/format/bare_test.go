package format_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/history/event"
	"sidehook/relay/format"
)

func parse(t testing.TB, text string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &e
}

// The data as a body, and its Content-Type: the same in both formats whose body
// is the data alone.
func TestData(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","source":"app","type":"t"`
	const legacy = `{"cloudEventsVersion":"0.1","eventId":"1","source":"app","eventType":"t"`
	for _, c := range []struct{ name, event, body, contentType string }{
		{"JSON", modern + `,"data":{"b":12345678901234567890,"a":1.10,"t":"\u00e9\/"}}`, `{"b":12345678901234567890,"a":1.10,"t":"\u00e9\/"}`, "application/json"},
		{"declared JSON", modern + `,"datacontenttype":"application/vnd.x+json; charset=utf-8","data":[1]}`, `[1]`, "application/vnd.x+json; charset=utf-8"},
		{"a JSON string", modern + `,"data":"a\n\u00e9"}`, `"a\n\u00e9"`, "application/json"},
		{"a declared JSON string", modern + `,"datacontenttype":"text/JSON","data":"x"}`, `"x"`, "text/JSON"},
		{"text", modern + `,"datacontenttype":"text/plain","data":"a\n\u00e9"}`, "a\né", "text/plain"},
		{"no text", modern + `,"datacontenttype":"text/plain","data":{"a":1}}`, `{"a":1}`, "text/plain"},
		{"null", modern + `,"data":null}`, `null`, "application/json"},
		{"none", modern + `}`, ``, "application/json"},
		{"none of a type", modern + `,"datacontenttype":"text/plain"}`, ``, "text/plain"},
		{"bytes", modern + `,"data_base64":"AP8="}`, "\x00\xff", "application/octet-stream"},
		{"bytes of a type", modern + `,"datacontenttype":"image/png","data_base64":"AP8\u003d"}`, "\x00\xff", "image/png"},
		{"no bytes", modern + `,"data_base64":""}`, "", "application/octet-stream"},
		{"0.1", legacy + `,"data":{"a":1.10}}`, `{"a":1.10}`, "application/json"},
		{"0.1 text", legacy + `,"contentType":"text/plain","data":"x y"}`, "x y", "text/plain"},
		{"0.1 without", legacy + `}`, "", "application/json"},
	} {
		for _, f := range []format.Format{format.Data, format.CloudEventsBinary} {
			got, err := f.Content(parse(t, c.event), time.Now())
			if err != nil || string(got.Body) != c.body || got.ContentType != c.contentType {
				t.Errorf("%s as %s: %v, got %q of %s, want %q of %s", c.name, f, err, got.Body, got.ContentType, c.body, c.contentType)
			}
			if f == format.Data && got.Headers != nil {
				t.Errorf("%s: got headers %v", c.name, got.Headers)
			}
		}
	}
}

func TestAttributeHeaders(t *testing.T) {
	for _, c := range []struct{ name, event, want string }{
		{"1.0", `{"specversion":"1.0","id":"1","source":"/a b","type":"t","time":"2026-11-23T14:00:00.50+01:00","subject":"Euro € 😀","datacontenttype":"text/plain","dataschema":"https://x/y","count":7,"big":1.50,"yes":true,"quoted":"\"100%\"","data":1}`,
			"ce-specversion: 1.0|ce-id: 1|ce-source: /a%20b|ce-type: t|ce-time: 2026-11-23T14:00:00.50+01:00|ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80|ce-dataschema: https://x/y|ce-count: 7|ce-big: 1.50|ce-yes: true|ce-quoted: %22100%25%22"},
		{"0.1", `{"cloudEventsVersion":"0.1","eventType":"t","eventID":"7","source":"app","contentType":"text/plain","eventTypeVersion":"2","extensions":{"Owner_Id":"o","list":[1,"a"],"none":null},"data":"d"}`,
			"ce-specversion: 1.0|ce-id: 7|ce-source: app|ce-type: t|ce-eventtypeversion: 2|ce-ownerid: o|ce-list: [1,%22a%22]"},
		// Stored as no listener stores them: not even then does a line end.
		{"control characters", `{"specversion":"1.0","id":"1\r\nX: y","source":"a\u0000","type":"t\u007f\u0085"}`,
			"ce-specversion: 1.0|ce-id: 1%0D%0AX:%20y|ce-source: a%00|ce-type: t%7F%C2%85"},
	} {
		got, err := format.CloudEventsBinary.Content(parse(t, c.event), time.Now())
		var lines []string
		for _, h := range got.Headers {
			lines = append(lines, h.Name+": "+h.Value)
			if !event.Sendable(h.Value) {
				t.Errorf("%s: %q is no value", c.name, h.Value)
			}
		}
		if text := strings.Join(lines, "|"); err != nil || text != c.want {
			t.Errorf("%s: %v, got\n %s, want\n %s", c.name, err, text, c.want)
		}
	}
}

// A header that no server would accept is not sent.
func TestUnsendable(t *testing.T) {
	const begin = `{"specversion":"1.0","id":"1","source":"app","type":"t","datacontenttype":`
	for _, c := range []struct {
		name, event string
		format      format.Format
		says        string
	}{
		{"line", begin + `"text/plain\r\nX: y"}`, format.Data, "datacontenttype"},
		{"letters", begin + `"text/é"}`, format.CloudEventsBinary, "datacontenttype"},
		{"empty", begin + `""}`, format.Data, "datacontenttype"},
		{"long", begin + `"text/` + strings.Repeat("x", 9000) + `"}`, format.Data, "more than 8192"},
		{"a long attribute", begin + `"text/x","a":"` + strings.Repeat("x", 9000) + `"}`, format.CloudEventsBinary, "more than 8192"},
		{"many attributes", begin + `"text/x"` + many(500) + `}`, format.CloudEventsBinary, "more than 8192"},
		{"bytes", begin + `"text/x","data_base64":"*"}`, format.Data, "data_base64"},
		{"as JSON", begin + `"text/é","a":"` + strings.Repeat("x", 9000) + `"}`, format.CloudEvents, ""},
	} {
		_, err := c.format.Content(parse(t, c.event), time.Now())
		if got := fmt.Sprint(err); (err == nil) != (c.says == "") || !strings.Contains(got, c.says) || len(got) > 200 {
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.says)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"attribute%d":"value"`, i)
	}
	return b.String()
}
