package api

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"sidehook/history"
)

// Operation is a call of the API as its description has it. Its types are declared in
// this package, so that the description cannot differ from what is answered.
type Operation struct {
	Method, Path string
	Summary      string
	Params       []Param
	Request      any            // a value of the type of the body; nil: none
	Answers      map[string]any // by status, a value of the type of the body; Media for others than JSON
}

// Either is one of several bodies.
type Either []any

// Param is a query parameter.
type Param struct{ Name, Description string }

// Media is an answer that is not a JSON object.
type Media string

// Object is a JSON object that the description leaves open.
type Object struct{}

// The parameters that several calls have.
var (
	paramType    = Param{"type", "a glob: * stands for one word, ** for any number of them"}
	paramSince   = Param{"since", "at or after this time, in RFC 3339"}
	paramUntil   = Param{"until", "before this time, in RFC 3339"}
	paramLimit   = Param{"limit", "how many at most, 1 to 1000; 100 if it is left out"}
	paramCursor  = Param{"cursor", "the cursor of the page before; empty for the first page"}
	paramSource  = Param{"source", "of several events with this id, the newest of this source"}
	paramWebhook = Param{"webhook", "the name of a webhook"}
)

// Operations returns the calls of the API.
func Operations() []Operation {
	return []Operation{
		{"POST", EventsPath, "Accept one event or a batch; also as CloudEvents or lines of JSON", nil, Object{}, map[string]any{"202": Either{Receipt{}, Receipts{}}, "200": Either{Receipt{}, Receipts{}}}},
		{"GET", EventsPath, "List accepted events and what has become of them, the newest first", []Param{
			paramType, {"webhook", "accepted for this webhook; with waiting=true, waiting for it"},
			{"matched", "true: a webhook wanted it; false: none did"}, {"waiting", "true: something of it has not ended; false: all has"},
			paramSince, paramUntil, paramLimit, paramCursor,
		}, nil, map[string]any{"200": Events{}}},
		{"GET", EventPath, "Show an event and all its attempts", []Param{paramSource}, nil, map[string]any{"200": EventTrace{}}},
		{"GET", EventDataPath, "Download the data of an event", []Param{paramSource}, nil, map[string]any{"200": Media("*/*")}},
		{"POST", ResendPath, "Send an event again", []Param{paramSource}, ResendRequest{}, map[string]any{"202": Resent{}}},
		{"GET", DeliveriesPath, "List attempts, the newest first", []Param{
			paramWebhook, {"status", "delivered, retrying, failed, exhausted, canceled, expired; several with commas"},
			{"code", "of the answer, such as 503 or 5xx"}, paramType, {"event", "an event's id, or seq:N"},
			{"unresolved", "true: deliveries that ended without having arrived and have not arrived since, one record each"},
			paramSince, paramUntil, paramLimit, paramCursor,
			{"follow", "true: go on as attempts happen; with Accept: application/x-ndjson"},
		}, nil, map[string]any{"200": Deliveries{}}},
		{"GET", StatsPath, "Summarize deliveries for each webhook", []Param{paramWebhook, paramSince, paramUntil}, nil, map[string]any{"200": Stats{}}},
		{"POST", BulkPath, "Send deliveries again that have ended", nil, BulkRequest{}, map[string]any{"202": BulkResent{}, "200": Selected{}}},
		{"GET", ResendProgressPath, "Show how far a resend in bulk is", nil, nil, map[string]any{"200": ResendProgress{}}},
		{"POST", CancelPath, "Cancel waiting deliveries; with dry_run the answer is as of a resend in bulk", nil, CancelRequest{}, map[string]any{"200": Either{Canceled{}, Selected{}}}},
		{"GET", WebhooksPath, "List the webhooks and their states", []Param{
			{"state", "active, failing, throttled, paused, off, disabled, orphaned; several with commas"}, {"q", "part of the name or the URL"},
			{"limit", "how many at most, 1 to 1000; all if it is left out"}, paramCursor,
		}, nil, map[string]any{"200": Webhooks{}}},
		{"GET", WebhookPath, "Show a webhook and its state", nil, nil, map[string]any{"200": Webhook{}}},
		{"POST", EnablePath, "Re-enable a disabled webhook", nil, nil, map[string]any{"200": Webhook{}}},
		{"POST", RetryPath, "Retry the waiting deliveries of a webhook now", nil, nil, map[string]any{"200": Webhook{}}},
		{"POST", TestPath, "Send a webhook a test event now", nil, nil, map[string]any{"200": Object{}}},
		{"POST", AcceptPath, "Record damage of the history as known", nil, AcceptRequest{}, map[string]any{"200": DamageAccepted{}}},
		{"GET", ConfigPath, "Show the configuration in force and what is wrong with the last edit", nil, nil, map[string]any{"200": Config{}}},
		{"POST", LinksPath, "Make a link that signs a browser in to the console, once, within a minute", nil, ConsoleLinkRequest{}, map[string]any{"200": ConsoleLink{}}},
		{"GET", OpenAPIPath, "This description", nil, nil, map[string]any{"200": Object{}}},
		{"GET", HealthPath, "Report whether a restart would help: 503 if it would", nil, nil, map[string]any{"200": Object{}}},
		{"GET", ReadyPath, "Report whether events are accepted: 503 if not", nil, nil, map[string]any{"200": Object{}}},
		{"GET", MetricsPath, "Metrics for Prometheus", nil, nil, map[string]any{"200": Media("text/plain")}},
	}
}

// OpenAPI returns the description of the API as OpenAPI 3.1.
func OpenAPI(version string) ([]byte, error) {
	paths := map[string]map[string]any{}
	schemas := schemas{}
	problem := schemas.of(reflect.TypeFor[Problem]())
	for _, o := range Operations() {
		if paths[o.Path] == nil {
			paths[o.Path] = map[string]any{}
		}
		paths[o.Path][strings.ToLower(o.Method)] = o.describe(schemas, problem)
	}
	return json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "sidehook", "version": version,
			"description": "The local listener of sidehook, over its Unix socket or its loopback port. Unknown query parameters and unknown keys of a body are refused.",
		},
		"paths": paths,
		"components": map[string]any{
			"schemas":         schemas,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer", "description": "listen.token; on TCP only"}},
		},
	})
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

func (o *Operation) describe(s schemas, problem any) map[string]any {
	text := map[string]any{"type": "string"}
	params := []any{}
	for _, name := range pathParam.FindAllStringSubmatch(o.Path, -1) {
		params = append(params, map[string]any{"name": name[1], "in": "path", "required": true, "schema": text})
	}
	for _, p := range o.Params {
		params = append(params, map[string]any{"name": p.Name, "in": "query", "description": p.Description, "schema": text})
	}
	answers := map[string]any{"default": map[string]any{
		"description": "A problem (RFC 9457)", "content": map[string]any{"application/problem+json": map[string]any{"schema": problem}},
	}}
	for status, body := range o.Answers {
		var content map[string]any
		switch body := body.(type) {
		case Media:
			content = map[string]any{string(body): map[string]any{}}
		case Either:
			list := []any{}
			for _, one := range body {
				list = append(list, s.of(reflect.TypeOf(one)))
			}
			content = map[string]any{"application/json": map[string]any{"schema": map[string]any{"anyOf": list}}}
		default:
			content = map[string]any{"application/json": map[string]any{"schema": s.of(reflect.TypeOf(body))}}
		}
		answers[status] = map[string]any{"description": o.Summary, "content": content}
	}
	operation := map[string]any{"summary": o.Summary, "parameters": params, "responses": answers}
	if o.Request != nil {
		operation["requestBody"] = map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": s.of(reflect.TypeOf(o.Request))}}}
	}
	if o.Path != HealthPath && o.Path != ReadyPath {
		operation["security"] = []any{map[string]any{"token": []any{}}, map[string]any{}}
	}
	return operation
}

// schemas are those of the structs, by the names of their types.
type schemas map[string]any

// of returns the schema of a type, or a reference to it.
func (s schemas) of(t reflect.Type) any {
	anyOf := func(list ...any) any { return map[string]any{"anyOf": list} }
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[Object]():
		return map[string]any{"type": "object"}
	case reflect.TypeFor[Names](), reflect.TypeFor[Statuses]():
		return anyOf(map[string]any{"type": "string"}, map[string]any{"type": "array", "items": map[string]any{"type": "string"}})
	case reflect.TypeFor[history.Status]():
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return anyOf(s.of(t.Elem()), map[string]any{"type": "null"})
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Struct:
		s.add(t)
		return map[string]any{"$ref": "#/components/schemas/" + nameOf(t)}
	}
	return map[string]any{"type": "integer"}
}

// nameOf returns the name of a struct's schema.
func nameOf(t reflect.Type) string {
	if t.PkgPath() == reflect.TypeFor[history.Problem]().PkgPath() && t.Name() == "Problem" {
		return "HistoryProblem"
	}
	return t.Name()
}

// add adds the schema of a struct.
func (s schemas) add(t reflect.Type) {
	if s[nameOf(t)] != nil {
		return
	}
	members, required := map[string]any{}, []string{}
	schema := map[string]any{"type": "object", "properties": members}
	s[nameOf(t)] = schema
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		members[name] = s.of(f.Type)
		if options == "" {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	schema["required"] = required
	switch t {
	case reflect.TypeFor[Webhook](): // and the keys of its entry in the file
	case reflect.TypeFor[Problem]():
		members["type"], members["title"] = s.of(reflect.TypeFor[string]()), s.of(reflect.TypeFor[string]())
	default:
		schema["additionalProperties"] = false
	}
}
