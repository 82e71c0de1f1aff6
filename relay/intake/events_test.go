package intake_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/apitest"
	"sidehook/relay/intake"
)

const (
	jsonType  = "application/json"
	ceType    = "application/cloudevents+json"
	batchType = "application/cloudevents-batch+json"
	linesType = "application/x-ndjson"
)

// ce is a CloudEvents 1.0 event of a source of its own.
func ce(id, typ string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"s","type":%q}`, id, typ)
}

func TestEventsIn(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	legacy := `{"cloudEventsVersion":"0.1","source":"com.example","eventId":"l1","eventType":"b.x","contentType":"application/json","data":{}}`
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"plain", apitest.JSON, `{"type":"a.b","id":"1","data":{}}`, 202, `{"id":"1","webhooks":["one"]}`},
		{"again", apitest.JSON, `{ "type" : "a.b", "id" : "1", "data" : {} }`, 200, `{"id":"1","webhooks":["first"],"duplicate":true}`},
		{"legacy", apitest.JSON, legacy, 202, `{"id":"l1","webhooks":["one","two"]}`},
		{"nobody wants it", apitest.JSON, `{"type":"c","id":"2"}`, 202, `{"id":"2","webhooks":[]}`},
		{"id to escape", apitest.JSON, `{"type":"c","id":"é\"\\"}`, 202, `{"id":"é\"\\","webhooks":[]}`},
		{"structured", apitest.CloudEvent, ce("3", "b.c"), 202, `{"id":"3","webhooks":["one","two"]}`},
		{"batch", apitest.CloudEvents, "[" + ce("4", "a.x") + "," + ce("5", "c") + "]", 202, `{"events":[{"id":"4","webhooks":["one"]},{"id":"5","webhooks":[]}]}`},
		{"mixed batch", apitest.CloudEvents, "[" + ce("4", "a.x") + "," + ce("6", "c") + "]", 202, `{"events":[{"id":"4","webhooks":["first"],"duplicate":true},{"id":"6","webhooks":[]}]}`},
		{"batch again", apitest.CloudEvents, "[" + ce("4", "a.x") + "]", 200, `{"events":[{"id":"4","webhooks":["first"],"duplicate":true}]}`},
		{"twice in a batch", apitest.CloudEvents, "[" + ce("7", "a.x") + "," + ce("7", "a.x") + "]", 202, `{"events":[{"id":"7","webhooks":["one"]},{"id":"7","webhooks":["first"],"duplicate":true}]}`},
		{"empty batch", apitest.CloudEvents, "[]", 202, `{"events":[]}`},
		{"lines", apitest.JSONLines, "{\"type\":\"a.x\",\"id\":\"8\"}\n{\"type\":\"c\",\"id\":\"9\"}\n", 202, `{"events":[{"id":"8","webhooks":["one"]},{"id":"9","webhooks":[]}]}`},
		{"one line", apitest.JSONLines, `{"type":"a.x","id":"10"}`, 202, `{"events":[{"id":"10","webhooks":["one"]}]}`},
		{"charset", apitest.JSON + `; charset="UTF-8"`, `{"type":"c","id":"11"}`, 202, `{"id":"11","webhooks":[]}`},
		{"other parameter", "Application/JSON;x=y", `{"type":"c","id":"12"}`, 202, `{"id":"12","webhooks":[]}`},
	} {
		l.Post(t, c.contentType, c.body).CheckNamed(t, c.contentType+"/"+c.name, c.status, c.want+"\n")
	}
	for contentType, id := range map[string]string{"": "13", apitest.JSON: "14", apitest.JSONLines: "15", "text/plain": "16", "application/cloudevent": "17"} {
		l.Post(t, contentType, "{}", "ce-specversion", "1.0", "ce-id", id, "ce-source", "s", "ce-type", "a.b").
			CheckNamed(t, "any other with ce-specversion/"+contentType, 202, `{"id":"`+id+`","webhooks":["one"]}`+"\n")
	}
	l.Post(t, apitest.CloudEvent, ce("18", "c"), "ce-specversion", "1.0", "ce-id", "x").CheckNamed(t, "structured all the same", 202, `{"id":"18","webhooks":[]}`+"\n")
	if got, want := len(l.Journal.Events()), 20; got != want {
		t.Errorf("%d events in the journal, want %d", got, want)
	}
	first := l.Journal.Events()[0]
	if got := first.Event.Source; got != "test" {
		t.Errorf("source %q, want the configured one", got)
	}
	if first.Generation != 7 {
		t.Errorf("generation %d, want 7", first.Generation)
	}
}

func TestRefused(t *testing.T) {
	catalogue := apitest.Settings
	unknown := `type "a.c" is unknown`
	catalogue.Refusal = func(e *event.Event) string {
		if e.Type == "a.c" {
			return unknown
		}
		return ""
	}
	l := apitest.Start(t, catalogue, apitest.Options{MaxEventSize: 100})
	l.Post(t, apitest.JSON, `{"type":"a.b","id":"old"}`)
	l.Post(t, apitest.CloudEvent, ce("old", "a.b"))

	// The message of the decoder is in the answer word for word.
	decoder := event.Decoder{Source: "test", MaxSize: 100}
	says := func(err error) string { return err.Error() }
	_, notJSON := decoder.Plain([]byte("{"))
	_, empty := decoder.Plain(nil)
	_, noType := decoder.Plain([]byte(`{"data":1}`))
	_, halfBad := decoder.Batch([]byte("[" + ce("1", "a.b") + `,{"id":"2"}]`))
	_, badLine := decoder.Lines([]byte("{\"type\":\"a.b\"}\n{"))
	long := `{"type":"a.b","data":"` + strings.Repeat("x", 100) + `"}`
	_, longLine := decoder.Lines([]byte("{\"type\":\"a.b\"}\n" + long))

	media := func(given string) string {
		return "unsupported Content-Type" + given + "; use application/json, application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson in UTF-8; any other type requires ce-specversion (CloudEvents in binary mode)"
	}
	_, notBinary := decoder.Binary(map[string][]string{"Ce-Specversion": {"1.0"}}, nil)
	ceHeaders := func(typ string) []string {
		return []string{"ce-specversion", "1.0", "ce-id", "1", "ce-source", "s", "ce-type", typ}
	}
	encoding := "unsupported Content-Encoding; send the body uncompressed"
	conflict := `id "old" of source %q was accepted before with other content; give this event its own id`
	own := `type "sidehook.x": types that begin with "sidehook." are reserved for sidehook`
	tooLarge := "the event is larger than max_event_size, 100 bytes"
	for _, c := range []struct {
		name, contentType, body string
		headers                 []string
		status, index           int
		detail                  string
	}{
		{"not json", apitest.JSON, "{", nil, 400, -1, says(notJSON)},
		{"empty", apitest.JSON, "", nil, 400, -1, says(empty)},
		{"no type", apitest.JSON, `{"data":1}`, nil, 400, -1, says(noType)},
		{"batch half bad", apitest.CloudEvents, "[" + ce("1", "a.b") + `,{"id":"2"}]`, nil, 400, 1, says(halfBad)},
		{"second line bad", apitest.JSONLines, "{\"type\":\"a.b\"}\n{", nil, 400, 1, says(badLine)},
		{"conflict", apitest.JSON, `{"type":"a.b","id":"old","data":1}`, nil, 409, -1, fmt.Sprintf(conflict, "test")},
		{"conflict in a batch", apitest.CloudEvents, "[" + ce("n", "a.b") + `,{"specversion":"1.0","id":"old","source":"s","type":"a.b","data":1}]`, nil, 409, 1, "event 1: " + fmt.Sprintf(conflict, "s")},
		{"too large", apitest.JSON, long, nil, 413, -1, tooLarge},
		{"too large in lines", apitest.JSONLines, "{\"type\":\"a.b\"}\n" + long, nil, 413, 1, says(longLine)},
		{"batch too large", apitest.CloudEvents, strings.Repeat(" ", 1601), nil, 413, -1, "the request is larger than 16 times max_event_size, 1600 bytes"},
		{"media type", "text/plain", "hello", nil, 415, -1, media(` "text/plain"`)},
		{"no media type", "", "hello", nil, 415, -1, media("")},
		{"bad media type", "application/json; charset", "{}", nil, 415, -1, media(` "application/json; charset"`)},
		{"two media types", apitest.JSON, "{}", []string{"Content-Type", apitest.CloudEvent}, 415, -1, media(` "` + apitest.CloudEvent + `, ` + apitest.JSON + `"`)},
		{"charset", apitest.JSON + "; charset=latin1", `{"type":"a.b"}`, nil, 415, -1, media(` "` + apitest.JSON + `; charset=latin1"`)},
		{"binary half", "text/plain", "hello", []string{"ce-specversion", "1.0"}, 400, -1, says(notBinary)},
		{"binary, too large", apitest.JSON, long, ceHeaders("a.b"), 413, -1, tooLarge},
		{"binary, own type", apitest.JSON, "{}", ceHeaders("sidehook.x"), 422, -1, own},
		{"binary, unknown type", "", "{}", ceHeaders("a.c"), 422, -1, unknown},
		{"binary and another form", "application/cloudevents-x", "{}", ceHeaders("a.b"), 415, -1, media(` "application/cloudevents-x"`)},
		{"gzip", apitest.JSON, `{"type":"a.b"}`, []string{"Content-Encoding", "gzip"}, 415, -1, encoding},
		{"own type", apitest.JSON, `{"type":"sidehook.x"}`, nil, 422, -1, own},
		{"unknown type", apitest.CloudEvent, ce("1", "a.c"), nil, 422, -1, unknown},
		{"unknown in lines", apitest.JSONLines, "{\"type\":\"a.b\"}\n{\"type\":\"a.c\"}", nil, 422, 1, "event 1: " + unknown},
	} {
		r := l.Post(t, c.contentType, c.body, c.headers...)
		r.CheckNamed(t, c.name, c.status, apitest.Problem(c.status, c.index, c.detail))
	}
	if got := len(l.Journal.Events()); got != 2 {
		t.Errorf("%d events in the journal, want the 2 posted first", got)
	}
}

// TestStatuses has those that the journal refuses with; the others are in the
// tests above, and in relay's of this name.
func TestStatuses(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for _, c := range []struct {
		name   string
		err    error
		status int
		retry  string
	}{
		{"429", history.ErrBusy, 429, "1"},
		{"507", history.ErrNoRoom, 507, "10"},
		{"503/stopping", history.ErrStopping, 503, "5"},
		{"503/failed", history.ErrFailed, 503, "5"},
		{"503/broken", apitest.ErrBroken, 503, "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.Journal.Fail(c.err)
			r := l.Post(t, apitest.JSON, `{"type":"a.b"}`)
			r.Check(t, c.status, apitest.Problem(c.status, -1, c.err.Error()))
			if got := r.Header.Get("Retry-After"); got != c.retry {
				t.Errorf("Retry-After %q, want %q", got, c.retry)
			}
		})
	}
	l.Journal.Fail(nil)
	l.Post(t, apitest.JSON, `{"type":"a.b","id":"1"}`).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
}

// TestConflictWithinRequest names the event that has the id, by its place in
// the request and not among those that are kept.
func TestConflictWithinRequest(t *testing.T) {
	drop := apitest.Settings
	drop.DropUnmatched = true
	l := apitest.Start(t, drop, apitest.Options{})
	body := "[" + ce("1", "c") + "," + ce("2", "a.x") + `,{"specversion":"1.0","id":"2","source":"s","type":"a.x","data":1}]`
	l.Post(t, apitest.CloudEvents, body).Check(t, 409, apitest.Problem(409, 2,
		`event 2: id "2" of source "s" is also that of event 1 of this request, which has other content; give this event its own id`))
}

func TestUnmatchedDropped(t *testing.T) {
	drop := apitest.Settings
	drop.DropUnmatched = true
	l := apitest.Start(t, drop, apitest.Options{})
	l.Post(t, apitest.JSON, `{"type":"c","id":"1"}`).Check(t, 202, `{"id":"1","webhooks":[]}`+"\n")
	l.Post(t, apitest.JSON, `{"type":"c","id":"1"}`).Check(t, 202, `{"id":"1","webhooks":[]}`+"\n")
	mixed := "[" + ce("2", "c") + "," + ce("3", "a.x") + "]"
	l.Post(t, apitest.CloudEvents, mixed).Check(t, 202, `{"events":[{"id":"2","webhooks":[]},{"id":"3","webhooks":["one"]}]}`+"\n")
	l.Post(t, apitest.CloudEvents, mixed).Check(t, 202, `{"events":[{"id":"2","webhooks":[]},{"id":"3","webhooks":["first"],"duplicate":true}]}`+"\n")
	other := "[" + ce("2", "c") + `,{"specversion":"1.0","id":"3","source":"s","type":"a.x","data":1}]`
	l.Post(t, apitest.CloudEvents, other).Check(t, 409, apitest.Problem(409, 1, `event 1: id "3" of source "s" was accepted before with other content; give this event its own id`))
	if kept := l.Journal.Events(); len(kept) != 1 || kept[0].Event.ID != "3" {
		t.Errorf("kept %v, want only 3", kept)
	}
}

// An event on which a condition fails goes to its webhook, with the reason.
func TestKeepsFailuresOfConditions(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	l.Post(t, apitest.JSON, `{"type":"failing.x","id":"1"}`).Check(t, 202, `{"id":"1","webhooks":["one","two"]}`+"\n")
	if got := l.Journal.Events()[0].Failures; len(got) != 1 || got[0] != (history.Failure{Webhook: "two", Reason: "why not"}) {
		t.Errorf("kept %v", got)
	}
}

func TestApply(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	next := intake.Settings{Source: "other", Refusal: func(e *event.Event) string { return strings.TrimPrefix(e.Type, "z") }, Match: func(*event.Event) ([]string, []history.Failure) { return []string{"new"}, nil }, Generation: 8}
	l.Apply(next)
	l.Post(t, apitest.JSON, `{"type":"z","id":"1"}`).Check(t, 202, `{"id":"1","webhooks":["new"]}`+"\n")
	if got := l.Post(t, apitest.JSON, `{"type":"a.b"}`).StatusCode; got != 422 {
		t.Errorf("a type that is not in the new catalogue: %d, want 422", got)
	}
	kept := l.Journal.Events()[0]
	if kept.Event.Source != "other" || kept.Generation != 8 {
		t.Errorf("source %q generation %d, want those of the new settings", kept.Event.Source, kept.Generation)
	}
}

func TestLargeAnswer(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	var body, want strings.Builder
	want.WriteString(`{"events":[`)
	for i := range 500 {
		fmt.Fprintf(&body, "{\"type\":\"a.b\",\"id\":\"%d\"}\n", i)
		if i > 0 {
			want.WriteByte(',')
		}
		fmt.Fprintf(&want, `{"id":"%d","webhooks":["one"]}`, i)
	}
	want.WriteString("]}\n")
	l.Post(t, apitest.JSONLines, body.String()).Check(t, 202, want.String())
}

// TestContinue waits for the word before it sends the body.
func TestContinue(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	client := l.Dial(t)
	client.Send(t, strings.Replace(apitest.RequestHead, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1))
	if line, err := client.Answers.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q %v", line, err)
	}
	client.Answers.ReadString('\n')
	client.Send(t, strings.TrimPrefix(apitest.Request, apitest.RequestHead))
	client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
}

// TestNoContinue is refused by its headers alone.
func TestNoContinue(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{MaxEventSize: 10})
	client := l.Dial(t)
	client.Send(t, strings.Replace(apitest.RequestHead, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1))
	client.Answer(t).Check(t, 413, apitest.Problem(413, -1, "the event is larger than max_event_size, 10 bytes"))
}

// TestHalfClosed sends all and says so by ending its half of the connection.
func TestHalfClosed(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	client := l.Dial(t)
	l.Journal.Wait = func(context.Context) error { time.Sleep(20 * time.Millisecond); return nil }
	client.Send(t, apitest.Request)
	client.Conn.(*net.UnixConn).CloseWrite()
	client.Answer(t).Check(t, 202, `{"id":"1","webhooks":["one"]}`+"\n")
}
