package format_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"sidehook/history/event"
	"sidehook/relay/format"
)

// CloudEvents' own library reads what the listener accepts as the same event, in each
// format that is CloudEvents 1.0. The listener refuses only what that library, or the
// specification, refuses.
func TestSDKReadsWhatIsAccepted(t *testing.T) {
	const modern = `{"specversion":"1.0","id":"1","type":"com.example.test","source":`
	decoder := event.Decoder{Source: "/default"}
	for name, body := range map[string]string{
		"minimal":           modern + `"https://example.com"}`,
		"nulls":             modern + `"/s","datacontenttype":null,"dataschema":null,"subject":null,"time":null}`,
		"all attributes":    modern + `"/s","datacontenttype":"text/plain","dataschema":"https://example.com/schema#a","subject":"a b","time":"2026-04-05T17:31:00Z","data":"x"}`,
		"nanoseconds":       modern + `"/s","time":"2026-04-05T17:31:00.000000001+23:59"}`,
		"a fragment":        modern + `"#fragment"}`,
		"an authority":      modern + `"//example.com/a?b=c"}`,
		"escapes":           modern + `"/a%20b/caf%C3%A9"}`,
		"a media type":      modern + `"/s","datacontenttype":"text/json","data":{"n":12345678901234567890}}`,
		"bytes":             modern + `"/s","datacontenttype":"image/png","data_base64":"AP8K"}`,
		"extensions":        modern + `"/s","i":10,"least":-2147483648,"most":2147483647,"yes":true,"text":"x","at":"2026-03-31T15:12:00Z","bytes":"TWE="}`,
		"expirytime":        modern + `"/s","expirytime":"9999-12-31T23:59:59Z"}`,
		"an envelope":       `{"cloudEventsVersion":"0.1","eventType":"com.example.test","eventId":"1","source":"com.example/app","schemaURL":"https://a/b","contentType":"application/json","extensions":{"ownerId":"o","n":7,"list":[1.5],"gone":null},"data":{"a":1}}`,
		"sidehook's own":    `{"id":"1","type":"com.example.test","data":[1]}`,
		"another structure": modern + `"/s","datacontenttype":"application/cloudevents+json","data":{"specversion":"1.0","id":"2","source":"x","type":"y"}}`,
	} {
		accepted, err := decoder.Plain([]byte(body))
		if err != nil {
			t.Errorf("%s is refused: %v", name, err)
			continue
		}
		for _, f := range []format.Format{format.CloudEvents, format.CloudEventsBinary} {
			content, err := f.Content(&accepted, time.Now())
			if err != nil {
				t.Errorf("%s as %s: %v", name, f, err)
				continue
			}
			if f == format.CloudEventsBinary && event.NamesCloudEvents(content.ContentType) {
				continue // which is not sent
			}
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(content.Body))
			r.Header.Set("Content-Type", content.ContentType)
			for _, h := range content.Headers {
				r.Header.Set(h.Name, h.Value)
			}
			got, err := cehttp.NewEventFromHTTPRequest(r)
			if err == nil {
				err = got.Validate()
			}
			if err != nil {
				t.Errorf("%s as %s: %v", name, f, err)
				continue
			}
			if got.ID() != accepted.ID || got.Type() != accepted.Type {
				t.Errorf("%s as %s: got %s", name, f, got)
			}
		}
	}
	for name, body := range map[string]string{
		"no version":      `{"id":"1","type":"a","source":"/s"}`,
		"another version": `{"specversion":"0.9","id":"1","type":"a","source":"/s"}`,
		"no id":           `{"specversion":"1.0","type":"a","source":"/s"}`,
		"a number as id":  `{"specversion":"1.0","id":25,"type":"a","source":"/s"}`,
		"an empty source": modern + `""}`,
		"a media type":    modern + `"/s","datacontenttype":"xyz"}`,
		"a schema":        modern + `"/s","dataschema":"/relative"}`,
		"a time":          modern + `"/s","time":"2026-04-05T18:31Z"}`,
		"an offset":       modern + `"/s","time":"2026-04-05T18:31:00+25:00"}`,
		"a subject":       modern + `"/s","subject":""}`,
		"capitals":        modern + `"/s","MyExtension":"x"}`,
		"a dot":           modern + `"/s","my.extension":"x"}`,
		"a fraction":      modern + `"/s","extension":1.5}`,
		"a large number":  modern + `"/s","extension":2147483648}`,
		"an object":       modern + `"/s","extension":{}}`,
		"two kinds":       modern + `"/s","data":"x","data_base64":"eA=="}`,
		"twice":           modern + `"/s","id":"2"}`,
	} {
		if _, err := decoder.Structured([]byte(body)); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if _, err := decoder.Batch([]byte("[" + modern + `"/s"},` + body + "]")); err == nil {
			t.Errorf("%s is accepted in a batch", name)
		}
	}
}
