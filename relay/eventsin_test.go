package relay_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestEventsIn has a row for each Content-Type that events come in, with each
// event as the history has it afterwards: as it was given, and completed.
func TestEventsIn(t *testing.T) {
	const (
		modern = `{"specversion":"1.0","id":"m1","source":"/app","type":"a.b","time":"2026-11-23T14:00:00+01:00","any":"x","count":7,"data":{"z":12345678901234567890,"a":1.10}}`
		second = `{"specversion":"1.0","id":"m2","source":"/app","type":"a.b","data_base64":"AP8="}`
		legacy = `{"cloudEventsVersion":"0.1","source":"com.qlik/engine","contentType":"application/json","eventId":"l1","eventTime":"2021-03-08T14:51:29Z","eventTypeVersion":"1.0.0","eventType":"a.b","extensions":{"ownerId":"o"},"data":{"b":1,"a":2}}`
	)
	s := newReceiver(t)
	h := newHost(t, "source: com.example/app\nwebhooks:\n"+hook(s, "one", ""))
	ce := func(contentType string, more ...string) []string {
		return append([]string{"Content-Type", contentType, "ce-specversion", "1.0", "ce-source", "/app", "ce-type", "a.b", "ce-own", "a%20b"}, more...)
	}
	for _, row := range []struct {
		name    string
		headers []string
		body    string
		events  []string // as they are kept, TIME for one of just now
		filled  string   // in the first
	}{
		{"application/json", nil, `{"type":"a.b","id":"j1","subject":"s","count":7,"data":{"z":12345678901234567890, "a":1.10}}`,
			[]string{`{"specversion":"1.0","source":"com.example/app","time":"TIME","type":"a.b","id":"j1","subject":"s","count":7,"data":{"z":12345678901234567890,"a":1.10}}`}, `["specversion","source","time"]`},
		{"application/json/cloudEventsVersion", nil, legacy, []string{legacy}, "null"},
		{"application/cloudevents+json", nil, modern, []string{modern}, "null"},
		{"application/cloudevents-batch+json", nil, "[" + strings.ReplaceAll(modern, "m1", "b1") + ",\n" + second + "]",
			[]string{strings.ReplaceAll(modern, "m1", "b1"), second}, "null"},
		{"application/x-ndjson", nil, `{"type":"a.b","id":"n1","source":"x","time":"2026-11-23T14:00:00Z"}` + "\n" + `{"type":"a.b","id":"n2","source":"x","time":"2026-11-23T14:00:00Z","data":null}` + "\n",
			[]string{`{"specversion":"1.0","type":"a.b","id":"n1","source":"x","time":"2026-11-23T14:00:00Z"}`, `{"specversion":"1.0","type":"a.b","id":"n2","source":"x","time":"2026-11-23T14:00:00Z","data":null}`}, `["specversion"]`},
		{"any other with ce-specversion/JSON", ce("application/json", "ce-id", "c1"), `{"z":1.10}`,
			[]string{`{"data":{"z":1.10},"datacontenttype":"application/json","id":"c1","own":"a b","source":"/app","specversion":"1.0","type":"a.b"}`}, "null"},
		{"any other with ce-specversion/image", ce("image/png", "ce-id", "c2"), "\x00\xff",
			[]string{`{"data_base64":"AP8=","datacontenttype":"image/png","id":"c2","own":"a b","source":"/app","specversion":"1.0","type":"a.b"}`}, "null"},
	} {
		t.Run(row.name, func(t *testing.T) {
			headers := row.headers
			if headers == nil {
				headers = []string{"Content-Type", strings.TrimSuffix(row.name, "/cloudEventsVersion")}
			}
			status, answer, _ := h.send(row.body, headers...)
			if status != 202 {
				t.Fatalf("%d %s", status, answer)
			}
			type receipt struct {
				ID       string
				Webhooks []string
			}
			var one receipt
			var batch struct{ Events []receipt }
			json.Unmarshal([]byte(answer), &one)
			json.Unmarshal([]byte(answer), &batch)
			if one.ID != "" {
				batch.Events = append(batch.Events, one)
			}
			if len(batch.Events) != len(row.events) {
				t.Fatalf("answer %s", answer)
			}
			for i, want := range row.events {
				if got := batch.Events[i].Webhooks; len(got) != 1 || got[0] != "one" {
					t.Errorf("goes to %v", got)
				}
				var story struct{ Event, Filled json.RawMessage }
				h.call("GET", "/v1/events/"+batch.Events[i].ID, "", &story)
				var is struct{ Time string }
				json.Unmarshal(story.Event, &is)
				if at, err := time.Parse(time.RFC3339Nano, is.Time); err == nil && time.Since(at).Abs() < time.Minute {
					want = strings.Replace(want, "TIME", is.Time, 1)
				}
				if got := string(story.Event); got != want {
					t.Errorf("got\n%s, want\n%s", got, want)
				}
				if got := string(story.Filled); i == 0 && got != row.filled && got+row.filled != "null" {
					t.Errorf("filled %s, want %s", got, row.filled)
				}
			}
		})
	}
	// Nothing but a type: the id is a UUIDv7.
	var answer struct{ ID string }
	if h.call("POST", "/v1/events", `{"type":"a.b"}`, &answer); len(answer.ID) != 36 || answer.ID[14] != '7' {
		t.Errorf("id %q", answer.ID)
	}
}
