package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/client"
	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/protocol"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/cloudevents/sdk-go/v2/types"
)

// sdkReceiver receives with CloudEvents' own library, in whichever mode comes.
type sdkReceiver struct {
	*httptest.Server
	mu  sync.Mutex
	got map[string]cloudevent.Event // by path, source and id
}

func newSDKReceiver(t *testing.T) *sdkReceiver {
	s := &sdkReceiver{got: map[string]cloudevent.Event{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, err := cehttp.NewEventFromHTTPRequest(r)
		if err == nil {
			err = e.Validate()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got[r.URL.Path+" "+e.Source()+" "+e.ID()] = *e
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sdkReceiver) event(t *testing.T, path, source, id string) cloudevent.Event {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.got[path+" "+source+" "+id]
	if !ok {
		t.Errorf("%s did not get %s of %s", path, id, source)
	}
	return e
}

// newSDKHost is a relay whose webhooks send each event in both modes.
func newSDKHost(t *testing.T) (*host, *sdkReceiver) {
	s := newSDKReceiver(t)
	text := "webhooks:\n"
	for name, format := range map[string]string{"structured": "cloudevents", "binary": "cloudevents-binary"} {
		text += fmt.Sprintf("  - {name: %s, url: %s/%[1]s, events: ['**'], format: %[3]s, signature: none, allow: [http, any-host, 127.0.0.0/8]}\n", name, s.URL, format)
	}
	return newHost(t, text), s
}

// The events that CloudEvents' conformance suite sends, as its tool sends them:
// raw spaces and quotes in headers, no Content-Type, CloudEvents 0.3, the same
// event in either mode.
func TestConformance(t *testing.T) {
	data, err := os.ReadFile("testdata/cloudevents.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name            string
		Headers         map[string]string
		Body            string
		Status          int
		Data            string
		DataContentType string
		Extensions      map[string]string
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) != 15 {
		t.Fatalf("%v, %d cases", err, len(cases))
	}
	h, s := newSDKHost(t)
	for _, c := range cases {
		headers := []string{"Prefer", "wait=20"}
		for name, value := range c.Headers {
			headers = append(headers, name, value)
		}
		status, answer, _ := h.send(c.Body, headers...)
		if status != c.Status {
			t.Errorf("%s: got %d %s, want %d", c.Name, status, answer, c.Status)
			continue
		}
		source, id := "/mycontext/subcontext", "4321-4321-4321"
		if c.Headers["Ce-Source"] != "" {
			source, id = c.Headers["Ce-Source"], c.Headers["Ce-Id"]
		}
		for _, path := range []string{"/structured", "/binary"} {
			e := s.event(t, path, source, id)
			if e.SpecVersion() != "1.0" || string(e.Data()) != c.Data {
				t.Errorf("%s, %s: got version %s, data %q, want %q", c.Name, path, e.SpecVersion(), e.Data(), c.Data)
			}
			want := c.DataContentType
			if want == "" && path == "/binary" {
				want = "application/json"
			}
			if got := e.DataContentType(); got != want {
				t.Errorf("%s, %s: got datacontenttype %q, want %q", c.Name, path, got, want)
			}
			for name, want := range c.Extensions {
				if path == "/binary" { // which the library does not decode
					want = strings.NewReplacer(`"`, "%22", " ", "%20").Replace(want)
				}
				if got := e.Extensions()[name]; got != want {
					t.Errorf("%s, %s: got %s %q, want %q", c.Name, path, name, got, want)
				}
			}
		}
	}
}

// What an attempt sent is in its record, each header once: one that is its
// own in place of what is the webhook's.
func TestRecordedHeaders(t *testing.T) {
	h, _ := newSDKHost(t)
	h.send("hello", "Content-Type", "text/plain", "ce-specversion", "1.0", "ce-id", "1", "ce-source", "/s", "ce-type", "t", "Prefer", "wait=20")
	var story struct {
		Attempts []struct {
			Webhook string
			Request json.RawMessage
		}
	}
	eventually(t, "both attempts are in the history", func() bool {
		story.Attempts = nil
		h.call("GET", "/v1/events/1", "", &story)
		return len(story.Attempts) == 2
	})
	for _, a := range story.Attempts {
		var request struct{ Headers map[string]string }
		if err := json.Unmarshal(a.Request, &request); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"Content-Type": "application/cloudevents+json", "ce-type": "", "Sidehook-Event": "1"}
		if a.Webhook == "binary" {
			want["Content-Type"], want["ce-type"] = "text/plain", "t"
		}
		for name, value := range want {
			if got := request.Headers[name]; got != value {
				t.Errorf("%s: got %s %q, want %q", a.Webhook, name, got, value)
			}
		}
		if n := strings.Count(string(a.Request), `"Content-Type":`); n != 1 {
			t.Errorf("%s: Content-Type stands there %d times: %s", a.Webhook, n, a.Request)
		}
	}
}

// CloudEvents' library sends in each mode, and receives in both what was sent.
func TestCloudEventsLibrary(t *testing.T) {
	h, s := newSDKHost(t)
	event := func(id string) cloudevent.Event {
		e := cloudevent.New()
		e.SetID(id)
		e.SetSource("https://example.com/source?a=b")
		e.SetType("com.example.some.event")
		e.SetSubject("subject-1")
		e.SetTime(time.Date(2026, 11, 23, 14, 0, 0, 5000, time.UTC))
		e.SetDataSchema("https://example.com/schema")
		e.SetExtension("count", 7)
		e.SetExtension("yes", true)
		e.SetExtension("text", "x")
		if err := e.SetData("application/json", json.RawMessage(`{"n":12345678901234567890,"price":1.10}`)); err != nil {
			t.Fatal(err)
		}
		return e
	}
	bytes := event("bytes")
	if err := bytes.SetData("application/octet-stream", []byte{0, 0xff, '\n'}); err != nil {
		t.Fatal(err)
	}
	empty := event("empty")
	empty.DataEncoded = nil
	wire, err := cehttp.New(cehttp.WithTarget("http://localhost/v1/events"), cehttp.WithRoundTripper(h.transport()))
	if err != nil {
		t.Fatal(err)
	}
	sdk, err := client.New(wire)
	if err != nil {
		t.Fatal(err)
	}
	prefer := func() http.Header { return http.Header{"Prefer": {"wait=20"}} } // the library adds to it
	for mode, in := range map[string]func(context.Context) context.Context{"binary": binding.WithForceBinary, "structured": binding.WithForceStructured} {
		for _, e := range []cloudevent.Event{event("json"), bytes, empty} {
			e = e.Clone() // a copy shares its attributes
			e.SetID(mode + "-" + e.ID())
			if result := sdk.Send(cehttp.WithCustomHeader(in(t.Context()), prefer()), e); !protocol.IsACK(result) {
				t.Fatalf("%s: %v", e.ID(), result)
			}
			sameEvent(t, s, e)
		}
	}
	batch := []cloudevent.Event{event("batch-1"), event("batch-2"), bytes}
	r, err := cehttp.NewHTTPRequestFromEvents(t.Context(), "http://localhost/v1/events", batch)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Prefer", "wait=20")
	resp, err := (&http.Client{Transport: h.transport()}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("the batch: %s", resp.Status)
	}
	for _, e := range batch {
		sameEvent(t, s, e)
	}
}

// sameEvent compares what both webhooks got with what was sent.
func sameEvent(t *testing.T, s *sdkReceiver, want cloudevent.Event) {
	t.Helper()
	for _, path := range []string{"/structured", "/binary"} {
		got := s.event(t, path, want.Source(), want.ID())
		if a, b := describe(got), describe(want); a != b {
			t.Errorf("%s, %s: got\n %s, want\n %s", want.ID(), path, a, b)
		}
	}
}

// describe is an event as text, for which an extension's type does not matter:
// the binary mode has strings alone.
func describe(e cloudevent.Event) string {
	extensions := map[string]string{}
	for name, value := range e.Extensions() {
		extensions[name], _ = types.Format(value)
	}
	return fmt.Sprintln(e.SpecVersion(), e.Type(), e.Subject(), e.Time(), e.DataSchema(), e.DataContentType(), extensions, string(e.Data()))
}
