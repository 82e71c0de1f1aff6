package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/segment/memfs"
	"sidehook/relay/api"
	"sidehook/relay/intake"
)

// operator answers with what it was asked.
type operator struct {
	mu    sync.Mutex
	fails error
	which history.Which
	to    api.ResendRequest
	ends  api.CancelRequest
	bulk  api.BulkRequest
	acted string
	files *memfs.FS // the history
	known []history.Problem
}

var at = time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)

func (o *operator) Webhooks(_ context.Context, name string) ([]api.Webhook, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	if name == "" {
		return []api.Webhook{{Name: "a", State: "active"}, {Name: "b", State: "off"}}, nil
	}
	return []api.Webhook{{
		Name: name, Configured: json.RawMessage(`{"url":"https://x.example/<>","events":["**"],"secret":"***"}`),
		State: "failing", Since: at, Why: "503", Backlog: api.Backlog{Events: 2, Bytes: 2048, OldestSeconds: 1.5}, InFlight: 1,
		LastHour: api.LastHour{Delivered: 10, Failed: 5}, LastSuccess: at, LastError: "503 Service Unavailable", Next: at,
	}}, nil
}

func (o *operator) Event(_ context.Context, which history.Which) (api.EventTrace, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.which = which
	return api.EventTrace{
		Seq: 3, At: at, Generation: 1, To: []string{"a"}, Event: json.RawMessage(`{"n":12345678901234567890}`),
		Webhooks: []api.Decision{{Webhook: "a", Wanted: true, Glob: "**", Status: "waiting", Next: at}, {Webhook: "b", Why: "no glob matches", Now: true}},
	}, o.fails
}

func (o *operator) Resend(_ context.Context, which history.Which, to api.ResendRequest) (api.Resent, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.which, o.to = which, to
	return api.Resent{ID: which.ID, Seq: 9, Webhooks: to.Webhooks, Gone: []string{"x"}}, o.fails
}

func (o *operator) ResendBulk(_ context.Context, b api.BulkRequest) (api.BulkResent, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bulk = b
	return api.BulkResent{Count: 3, Seqs: [][2]uint64{{7, 9}}}, o.fails
}

func (o *operator) Cancel(_ context.Context, which api.CancelRequest) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ends = which
	return 3, o.fails
}

func (o *operator) Accept(_ context.Context, problems []history.Problem) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known = problems
	return o.fails
}

func (o *operator) Enable(_ context.Context, name string) error { return o.act("enable " + name) }
func (o *operator) Retry(_ context.Context, name string) error  { return o.act("retry " + name) }

func (o *operator) Test(_ context.Context, name string) (json.RawMessage, error) {
	if name == "slow" {
		time.Sleep(100 * time.Millisecond)
	}
	return json.RawMessage(`{"status":"failed","code":500}`), o.act("test " + name)
}

func (o *operator) act(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.acted = what
	return o.fails
}

func (o *operator) History(context.Context) (*history.Reading, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	return history.ReadFS(o.files)
}

func (o *operator) Config(context.Context) (api.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return api.Config{Path: "/etc/sidehook/webhooks.yaml", Hash: "abc", Generation: 4, Loaded: at}, o.fails
}

func (o *operator) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fails = err
}

func (o *operator) asked() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprintf("%+v %+v", o.which, o.to)
}

func TestLooking(t *testing.T) {
	l := start(t, settings, intake.Options{})
	for path, want := range map[string]string{
		"/v1/webhooks": `{"webhooks":[` +
			`{"name":"a","state":"active","backlog":{"events":0,"bytes":0,"oldest_seconds":0},"in_flight":0,"last_hour":{"delivered":0,"failed":0}},` +
			`{"name":"b","state":"off","backlog":{"events":0,"bytes":0,"oldest_seconds":0},"in_flight":0,"last_hour":{"delivered":0,"failed":0}}]}`,
		"/v1/webhooks/app-1": `{"name":"app-1","url":"https://x.example/<>","events":["**"],"secret":"***",` +
			`"state":"failing","since":"2026-11-23T14:55:00Z","why":"503","backlog":{"events":2,"bytes":2048,"oldest_seconds":1.5},"in_flight":1,` +
			`"last_hour":{"delivered":10,"failed":5},"last_success":"2026-11-23T14:55:00Z","last_error":"503 Service Unavailable","next":"2026-11-23T14:55:00Z"}`,
		"/v1/events/e1": `{"seq":3,"at":"2026-11-23T14:55:00Z","generation":1,"to":["a"],"event":{"n":12345678901234567890},"webhooks":[` +
			`{"webhook":"a","wanted":true,"glob":"**","status":"waiting","next":"2026-11-23T14:55:00Z"},{"webhook":"b","wanted":false,"why":"no glob matches","now":true}],"attempts":[]}`,
		"/v1/config": `{"path":"/etc/sidehook/webhooks.yaml","hash":"abc","generation":4,"loaded":"2026-11-23T14:55:00Z","errors":[]}`,
		"/healthz":   `{"status":"ok"}`,
		"/readyz":    `{"status":"ok"}`,
	} {
		t.Run(path, func(t *testing.T) {
			do(t, l.viaUnix, "GET", "http://localhost"+path, "").check(t, 200, want+"\n")
			if r := do(t, l.viaUnix, "HEAD", "http://localhost"+path, ""); r.StatusCode != 200 || r.ContentLength != int64(len(want)+1) || r.body != "" {
				t.Errorf("HEAD: %d, length %d, body %q", r.StatusCode, r.ContentLength, r.body)
			}
		})
	}
}

func TestWhichEvent(t *testing.T) {
	l := start(t, settings, intake.Options{})
	for path, want := range map[string]string{
		"e1":                    "{ID:e1 Source: Seq:0}",
		"a%2Fb%20c%3F":          "{ID:a/b c? Source: Seq:0}",
		"e1?source=a%2Fb":       "{ID:e1 Source:a/b Seq:0}",
		"seq:12":                "{ID: Source: Seq:12}",
		"seq%3A12":              "{ID: Source: Seq:12}",
		"seq:twelve":            "{ID:seq:twelve Source: Seq:0}",
		"seq:0":                 "{ID:seq:0 Source: Seq:0}",
		"..":                    "{ID:.. Source: Seq:0}",
		"webhook.%C3%A9%25;v=1": "{ID:webhook.é%;v=1 Source: Seq:0}",
	} {
		if r := do(t, l.viaUnix, "GET", "http://localhost/v1/events/"+path, ""); r.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
		if got := l.operator.asked(); got != want+" {Webhooks:[] All:false By:}" {
			t.Errorf("%s: asked for %s, want %s", path, got, want)
		}
	}
}

func TestResend(t *testing.T) {
	l := start(t, settings, intake.Options{})
	url := "http://localhost/v1/events/e1/resend"
	for _, c := range []struct{ body, want, answer string }{
		{"", "{Webhooks:[] All:false By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{"{}", "{Webhooks:[] All:false By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{`{"all":true}`, "{Webhooks:[] All:true By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{`{"webhooks":["a","b"]}`, "{Webhooks:[a b] All:false By:api}", `{"id":"e1","seq":9,"webhooks":["a","b"],"gone":["x"]}`},
	} {
		do(t, l.viaUnix, "POST", url, c.body, "Content-Type", jsonType).check(t, 202, c.answer+"\n")
		if got, want := l.operator.asked(), "{ID:e1 Source: Seq:0} "+c.want; got != want {
			t.Errorf("%s: asked for %s, want %s", c.body, got, want)
		}
	}
	for body, detail := range map[string]string{
		"[]":                              "the body is not a JSON object",
		`{"web":["a"]}`:                   `unknown key "web"`,
		`{"Webhooks":["a"]}`:              `unknown key "Webhooks"`,
		`{"all":true,"all":true}`:         `key "all" is given twice`,
		`{"webhooks":"a"}`:                `key "webhooks" must be a list of strings`,
		`{"all":1}`:                       `key "all" must be true or false`,
		`{"all":true}{}`:                  "something follows the JSON object",
		`{"all":true,"webhooks":["a"]}`:   `"webhooks" and "all" exclude each other`,
		`{"webhooks":[]}`:                 `"webhooks" names none`,
		`{"all":true`:                     "the body is not valid JSON: EOF",
		`{"webhooks":["a"],"all":truest}`: `the body is not valid JSON: invalid character 's' after object key:value pair`,
	} {
		do(t, l.viaUnix, "POST", url, body, "Content-Type", jsonType).check(t, 400, problem(400, -1, detail))
	}
	do(t, l.viaUnix, "POST", url, "all=true", "Content-Type", "application/x-www-form-urlencoded").
		check(t, 415, problem(415, -1, "the Content-Type is not application/json"))
}

func TestActing(t *testing.T) {
	l := start(t, settings, intake.Options{})
	looked := do(t, l.viaUnix, "GET", "http://localhost/v1/webhooks/a", "")
	for _, what := range []string{"enable", "retry"} {
		do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/a/"+what, "").check(t, 200, looked.body)
		l.operator.mu.Lock()
		got := l.operator.acted
		l.operator.mu.Unlock()
		if got != what+" a" {
			t.Errorf("%s: asked to %q", what, got)
		}
		do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/a/"+what, `{"x":1}`, "Content-Type", jsonType).
			check(t, 400, problem(400, -1, `unknown key "x"`))
	}
	do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/a/test", "").check(t, 200, `{"status":"failed","code":500}`+"\n")
	do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/a/test", `{"x":1}`, "Content-Type", jsonType).
		check(t, 400, problem(400, -1, `unknown key "x"`))
	l.operator.fail(&intake.NotFoundError{What: `webhook "b"`})
	do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/b/test", "").check(t, 404, problem(404, -1, `there is no webhook "b"`))
	do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/b/enable", "").check(t, 404, problem(404, -1, `there is no webhook "b"`))
}

// A receiver may be given longer than other calls have for their answers.
func TestSlowTest(t *testing.T) {
	l := start(t, settings, intake.Options{Times: intake.Times{Write: 20 * time.Millisecond}})
	do(t, l.viaUnix, "POST", "http://localhost/v1/webhooks/slow/test", "").check(t, 200, `{"status":"failed","code":500}`+"\n")
}

func TestCancel(t *testing.T) {
	l := start(t, settings, intake.Options{})
	url := "http://localhost/v1/cancel"
	for body, want := range map[string]api.CancelRequest{
		`{"webhook":"a"}`: {Webhook: "a"},
		`{"webhook":"a","since":null,"until":"0001-01-01T00:00:00Z"}`:                                     {Webhook: "a", Until: api.Time{Time: time.Time{}.Add(1)}}, // not whenever
		`{"event":"a","since":"2026-11-23t14:55:00z"}`:                                                    {Event: "a", Since: api.Time{Time: at}},
		`{"event":"seq:3","type":"t","since":"2026-11-23T14:55:00Z","until":"2026-11-23T15:55:00+01:00"}`: {Event: "seq:3", Type: "t", Since: api.Time{Time: at}, Until: api.Time{Time: at}},
	} {
		do(t, l.viaUnix, "POST", url, body, "Content-Type", jsonType).check(t, 200, `{"canceled":3}`+"\n")
		l.operator.mu.Lock()
		got := l.operator.ends
		l.operator.mu.Unlock()
		if got.Since.Time, got.Until.Time = got.Since.UTC(), got.Until.UTC(); got != want {
			t.Errorf("%s: asked to end %+v, want %+v", body, got, want)
		}
	}
	for body, detail := range map[string]string{
		"":                                    `name a "webhook" or an "event", or both`,
		`{"type":"t"}`:                        `name a "webhook" or an "event", or both`,
		`{"webhook":"a","since":"yesterday"}`: `key "since": must be a time as in RFC 3339, such as 2026-11-23T14:55:00Z, not "yesterday"`,
		`{"webhook":"a","until":""}`:          `key "until": must be a time as in RFC 3339, such as 2026-11-23T14:55:00Z, not ""`,
		`{"webhook":"a","id":"e"}`:            `unknown key "id"`,
	} {
		do(t, l.viaUnix, "POST", url, body, "Content-Type", jsonType).check(t, 400, problem(400, -1, detail))
	}
}

func TestAcceptDamage(t *testing.T) {
	l := start(t, settings, intake.Options{})
	url := "http://localhost/v1/history/accept"
	do(t, l.viaUnix, "POST", url, `{"problems":[{"file":"removed.json","message":"m"},{"file":"events-1.jsonl","line":2,"offset":90,"message":"x"}]}`, "Content-Type", jsonType).
		check(t, 200, `{"accepted":2}`+"\n")
	l.operator.mu.Lock()
	got := l.operator.known
	l.operator.mu.Unlock()
	want := []history.Problem{{File: "removed.json", What: "m"}, {File: "events-1.jsonl", Line: 2, Offset: 90, What: "x"}}
	if !slices.Equal(got, want) {
		t.Errorf("asked to accept %+v, want %+v", got, want)
	}
	for body, detail := range map[string]string{
		"":                  `"problems" is missing; write those that sidehook history check reports: {"problems": [{"file", "line", "offset", "message"}]}`,
		`{"problems":[]}`:   `"problems" is missing; write those that sidehook history check reports: {"problems": [{"file", "line", "offset", "message"}]}`,
		`{"problems":"x"}`:  `key "problems" must be a list of {"file", "line", "offset", "message"}`,
		`{"problems":[{}]}`: `problems[0]: "file" must be a name in history.dir without a path, such as events-00000000000000000001.jsonl, not ""`,
		`{"problems":[{"file":"a","message":"b"},{"file":"../a","message":"b"}]}`: `problems[1]: "file" must be a name in history.dir without a path, such as events-00000000000000000001.jsonl, not "../a"`,
		`{"problems":[{"file":"a"}]}`: `problems[0]: "message" is missing`,
	} {
		do(t, l.viaUnix, "POST", url, body, "Content-Type", jsonType).check(t, 400, problem(400, -1, detail))
	}
}

func TestOperatorRefuses(t *testing.T) {
	l := start(t, settings, intake.Options{})
	for _, c := range []struct {
		err    error
		status int
		detail string
	}{
		{&intake.NotFoundError{What: `event "e1"`}, 404, `there is no event "e1"`},
		{&intake.UnprocessableError{Problem: "it went to several webhooks"}, 422, "it went to several webhooks"},
		{errBroken, 503, "broken"},
	} {
		l.operator.fail(c.err)
		for _, call := range []string{"GET /v1/webhooks/a", "GET /v1/events/e1", "POST /v1/events/e1/resend", "GET /v1/config"} {
			var method, path string
			fmt.Sscan(call, &method, &path)
			do(t, l.viaUnix, method, "http://localhost"+path, "").check(t, c.status, problem(c.status, -1, c.detail))
		}
	}
}

func TestHealth(t *testing.T) {
	var mu sync.Mutex
	var sick, busy error
	l := start(t, settings, intake.Options{
		Healthy: func() error { mu.Lock(); defer mu.Unlock(); return sick },
		Ready:   func() error { mu.Lock(); defer mu.Unlock(); return busy },
	})
	get := func(path string, status int, body string) {
		t.Helper()
		do(t, l.viaPort, "GET", "http://"+l.addr+path, "").check(t, status, body)
	}
	get("/healthz", 200, "{\"status\":\"ok\"}\n")
	get("/readyz", 200, "{\"status\":\"ok\"}\n")
	mu.Lock()
	sick, busy = fmt.Errorf("the writer is dead"), fmt.Errorf("recovery is under way")
	mu.Unlock()
	get("/healthz", 503, problem(503, -1, "the writer is dead"))
	get("/readyz", 503, problem(503, -1, "recovery is under way"))
}

// A path that no call has is answered with the nearest call, and a method that a
// path does not have with the calls of that path alone.
func TestUnknownCalls(t *testing.T) {
	l := start(t, settings, intake.Options{})
	for _, c := range []struct{ method, path, nearest string }{
		{"GET", "/", "GET /readyz"},
		{"GET", "/v1/event", "POST /v1/events"},
		{"POST", "/v1/events/", "POST /v1/events"},
		{"POST", "/events", "POST /v1/events"},
		{"POST", "//v1/events", "POST /v1/events"},
		{"GET", "/v1/events/a/b", "GET /v1/events/{id}"},
		{"POST", "/v1/events/a/resend/", "POST /v1/events/{id}/resend"},
		{"POST", "/v1/events/" + strings.Repeat("a", 100) + "/resnd", "POST /v1/events/{id}/resend"},
		{"GET", "/v1/webhooks/", "GET /v1/webhooks"},
		{"GET", "/V1/Webhooks", "GET /v1/webhooks"},
		{"GET", "/v1/webhook/a", "GET /v1/webhooks/{name}"},
		{"POST", "/v1/webhooks/a/retri", "POST /v1/webhooks/{name}/retry"},
		{"POST", "/v1/webhooks/a/enabel", "POST /v1/webhooks/{name}/enable"},
		{"HEAD", "/v1/configs", ""},
		{"GET", "/v1/configs", "GET /v1/config"},
		{"GET", "/health", "GET /healthz"},
		{"GET", "/ready", "GET /readyz"},
		{"GET", "/v1/" + strings.Repeat("x", 9000), "GET /v1/events/{id}"},
	} {
		r := do(t, l.viaUnix, c.method, "http://localhost"+c.path, "")
		if r.StatusCode != 404 || c.nearest != "" && r.body != problem(404, -1, "there is no such call; the nearest is "+c.nearest) {
			t.Errorf("%s %.60s: got %d %s, want the nearest to be %s", c.method, c.path, r.StatusCode, r.body, c.nearest)
		}
	}
	for _, c := range []struct{ method, path, allow, calls string }{
		{"GET", "/v1/events", "POST", "POST /v1/events"},
		{"OPTIONS", "/v1/events", "POST", "POST /v1/events"},
		{"PUT", "/v1/events/a", "GET, HEAD", "GET /v1/events/{id}"},
		{"GET", "/v1/events/a/resend", "POST", "POST /v1/events/{id}/resend"},
		{"DELETE", "/v1/webhooks/a", "GET, HEAD", "GET /v1/webhooks/{name}"},
		{"PATCH", "/v1/webhooks", "GET, HEAD", "GET /v1/webhooks"},
		{"POST", "/readyz", "GET, HEAD", "GET /readyz"},
	} {
		r := do(t, l.viaUnix, c.method, "http://localhost"+c.path, "")
		r.check(t, 405, problem(405, -1, c.method+" is not among this path's methods; there is "+c.calls))
		if got := r.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
		for name := range r.Header {
			if http.CanonicalHeaderKey(name) == "Access-Control-Allow-Origin" {
				t.Errorf("%s %s: a CORS header", c.method, c.path)
			}
		}
	}
}

func TestQuery(t *testing.T) {
	l := start(t, settings, intake.Options{})
	for path, detail := range map[string]string{
		"/v1/webhooks?limit=1":           `unknown query parameter "limit"; this call has none`,
		"/readyz?verbose":                `unknown query parameter "verbose"; this call has none`,
		"/v1/events/a?since=1h":          `unknown query parameter "since"; this call has source`,
		"/v1/events/a?source=x&source=y": `query parameter "source" is given twice`,
		"/v1/events/a?source=":           `query parameter "source" is empty`,
		"/v1/events/seq:1?source=x":      `query parameter "source" does not go with seq:N, which names one event exactly`,
		"/v1/events/a?source=%zz":        "the query is not properly percent-encoded",
	} {
		do(t, l.viaUnix, "GET", "http://localhost"+path, "").check(t, 400, problem(400, -1, detail))
	}
	do(t, l.viaUnix, "POST", "http://localhost/v1/events?wait=1", `{"type":"a.b"}`, "Content-Type", jsonType).
		check(t, 400, problem(400, -1, `unknown query parameter "wait"; this call has none`))
}
