package relay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// openAPI is a description of the API, as far as the tests read it.
type openAPI struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Parameters []struct{ Name, In string }
		Responses  map[string]struct {
			Content map[string]struct{ Schema *schema }
		}
	}
	Components struct{ Schemas map[string]*schema }
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *schema
	AnyOf                []*schema
}

// check returns what of a value the schema does not allow.
func (d *openAPI) check(s *schema, v any, at string) error {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s = d.Components.Schemas[name]; s == nil {
			return fmt.Errorf("%s: there is no schema %s", at, name)
		}
	}
	if s.AnyOf != nil {
		var err error
		for _, one := range s.AnyOf {
			if err = d.check(one, v, at); err == nil {
				return nil
			}
		}
		return err
	}
	fits := false
	switch v := v.(type) {
	case nil:
		fits = s.Type == "null"
	case string:
		fits = s.Type == "string"
	case bool:
		fits = s.Type == "boolean"
	case float64:
		fits = s.Type == "number" || s.Type == "integer" && v == float64(int64(v))
	case []any:
		fits = s.Type == "array"
		for i, item := range v {
			if err := d.check(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		fits = s.Type == "object"
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				return fmt.Errorf("%s: %s is missing", at, name)
			}
		}
		for name, member := range v {
			one := s.Properties[name]
			if one == nil && string(s.AdditionalProperties) == "false" {
				return fmt.Errorf("%s: %s is not described", at, name)
			}
			if one == nil && len(s.AdditionalProperties) > 0 {
				if err := json.Unmarshal(s.AdditionalProperties, &one); err != nil {
					return err
				}
			}
			if one != nil {
				if err := d.check(one, member, at+"."+name); err != nil {
					return err
				}
			}
		}
	}
	if !fits {
		return fmt.Errorf("%s: %v is not of type %q", at, v, s.Type)
	}
	return nil
}

// TestOpenAPI: the description has the calls that there are, with their parameters, and
// describes what they really answer.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sidehook-Event") != "e1" {
			w.WriteHeader(400)
		}
	})
	h := &host{t: t, dir: t.TempDir(), listen: "http: '127.0.0.1:0'"}
	h.start("webhooks:\n" + patient(s, "one", ", give_up_on: [400]") + patient(s, "two", ", paused: true"))
	t.Cleanup(h.end)
	var d openAPI
	h.call("GET", "/v1/openapi.json", "", &d)
	if d.OpenAPI != "3.1.0" {
		t.Fatalf("got %+v", d)
	}

	described := map[string]bool{}
	for path, operations := range d.Paths {
		for method := range operations {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, c := range h.r.Calls() {
		if !described[c.String()] {
			t.Errorf("%s is not described", c.String())
			continue
		}
		delete(described, c.String())
		var params []string
		for _, p := range d.Paths[c.Path][strings.ToLower(c.Method)].Parameters {
			if p.In == "query" {
				params = append(params, p.Name)
			}
		}
		if want := slices.Sorted(slices.Values(c.Params)); !slices.Equal(slices.Sorted(slices.Values(params)), want) {
			t.Errorf("%s: parameters %v are described, and it has %v", c.String(), params, want)
		}
	}
	for call := range described {
		t.Errorf("%s is described, and there is no such call", call)
	}

	since := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	var resent struct{ Resend string }
	answered := map[string]bool{}
	for _, c := range []struct{ call, path, body string }{
		{"POST /v1/events", "", `{"type":"a.b","id":"e1","data":{}}`},
		{"POST /v1/events", "", `{"type":"a.b","id":"e1","data":{}}`},
		{"POST /v1/events", "", `{"type":"a.b","id":"e2","data":{}}`},
		{"GET /v1/events", "", ""},
		{"GET /v1/events/{id}", "/v1/events/e1", ""},
		{"POST /v1/webhooks/{name}/test", "/v1/webhooks/one/test", ""},
		{"POST /v1/events/{id}/resend", "/v1/events/e2/resend", `{"webhooks":["one"]}`},
		{"GET /v1/deliveries", "", ""},
		{"GET /v1/stats", "", ""},
		{"POST /v1/resend", "", `{"since":"` + since + `","dry_run":true}`},
		{"POST /v1/resend", "", `{"since":"` + since + `"}`},
		{"GET /v1/resends/{id}", "/v1/resends/", ""},
		{"POST /v1/cancel", "", `{"webhook":"two","dry_run":true}`},
		{"POST /v1/cancel", "", `{"webhook":"two"}`},
		{"GET /v1/webhooks", "", ""},
		{"GET /v1/webhooks/{name}", "/v1/webhooks/one", ""},
		{"POST /v1/webhooks/{name}/enable", "/v1/webhooks/one/enable", ""},
		{"POST /v1/webhooks/{name}/retry", "/v1/webhooks/one/retry", ""},
		{"POST /v1/history/accept", "", `{"problems":[{"file":"events-00000000000000000001.jsonl","line":1,"offset":0,"message":"x"}]}`},
		{"GET /v1/config", "", ""},
		{"POST /v1/console/links", "", `{}`},
		{"GET /v1/openapi.json", "", ""},
		{"GET /healthz", "", ""},
		{"GET /readyz", "", ""},
		{"GET /v1/webhooks/{name}", "/v1/webhooks/nope", ""},
	} {
		method, pattern, _ := strings.Cut(c.call, " ")
		path := c.path
		switch {
		case path == "":
			path = pattern
		case strings.HasSuffix(path, "/"):
			path += resent.Resend
		}
		var answer any
		status := h.call(method, path, c.body, &answer)
		response, ok := d.Paths[pattern][strings.ToLower(method)].Responses[fmt.Sprint(status)]
		media := "application/json"
		if !ok {
			response, media = d.Paths[pattern][strings.ToLower(method)].Responses["default"], "application/problem+json"
		}
		if status >= 300 && !strings.HasSuffix(path, "nope") {
			t.Errorf("%s: %d %v", c.call, status, answer)
		}
		if content := response.Content[media]; content.Schema == nil {
			t.Errorf("%s: %d is not described", c.call, status)
		} else if err := d.check(content.Schema, answer, c.call); err != nil {
			t.Error(err)
		}
		answered[c.call] = true
		if pattern == "/v1/resend" {
			text, _ := json.Marshal(answer)
			if err := json.Unmarshal(text, &resent); err != nil {
				t.Fatal(err)
			}
		}
		if pattern == "/v1/events" && method == "POST" {
			eventually(t, "the delivery has ended", func() bool { return s.count("/one", "e1") > 0 })
			h.settled()
		}
	}
	for _, c := range h.r.Calls() {
		if !answered[c.String()] && c.Path != "/metrics" && c.Path != "/v1/events/{id}/data" { // which are no JSON
			t.Errorf("no answer of %s is compared", c.String())
		}
	}
}
