package admin_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/apitest"
	"sidehook/relay/httpd"
)

func TestLooking(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for path, want := range map[string]string{
		"/v1/webhooks": `{"webhooks":[` +
			`{"name":"a","state":"active","backlog":{"events":0,"bytes":0,"oldest_seconds":0},"in_flight":0,"last_hour":{"delivered":0,"failed":0,"given_up":0}},` +
			`{"name":"b","state":"off","backlog":{"events":0,"bytes":0,"oldest_seconds":0},"in_flight":0,"last_hour":{"delivered":0,"failed":0,"given_up":0}}]}`,
		"/v1/webhooks/app-1": `{"name":"app-1","url":"https://x.example/<>","events":["**"],"secret":"***",` +
			`"state":"failing","since":"2026-11-23T14:55:00Z","why":"503","backlog":{"events":2,"bytes":2048,"oldest_seconds":1.5},"in_flight":1,` +
			`"last_hour":{"delivered":10,"failed":5,"given_up":0},"last_success":"2026-11-23T14:55:00Z","last_error":"503 Service Unavailable","last_error_at":"2026-11-23T14:55:00Z","next":"2026-11-23T14:55:00Z"}`,
		"/v1/events/e1": `{"seq":3,"at":"2026-11-23T14:55:00Z","generation":1,"to":["a"],"event":{"n":12345678901234567890},"webhooks":[` +
			`{"webhook":"a","wanted":true,"glob":"**","status":"waiting","next":"2026-11-23T14:55:00Z"},{"webhook":"b","wanted":false,"why":"no glob matches","now":true}],"attempts":[]}`,
		"/v1/config": `{"path":"/etc/sidehook/webhooks.yaml","hash":"abc","generation":4,"loaded":"2026-11-23T14:55:00Z","restart":[],"problems":[]}`,
		"/healthz":   `{"status":"ok"}`,
		"/readyz":    `{"status":"ok"}`,
	} {
		t.Run(path, func(t *testing.T) {
			apitest.Do(t, l.ViaUnix, "GET", "http://localhost"+path, "").Check(t, 200, want+"\n")
			if r := apitest.Do(t, l.ViaUnix, "HEAD", "http://localhost"+path, ""); r.StatusCode != 200 || r.ContentLength != int64(len(want)+1) || r.Text != "" {
				t.Errorf("HEAD: %d, length %d, body %q", r.StatusCode, r.ContentLength, r.Text)
			}
		})
	}
}

func TestWhichEvent(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
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
		if r := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/events/"+path, ""); r.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Text)
		}
		if got := l.Operator.Asked(); got != want+" {Webhooks:[] All:false By:}" {
			t.Errorf("%s: asked for %s, want %s", path, got, want)
		}
	}
}

func TestResend(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	url := "http://localhost/v1/events/e1/resend"
	for _, c := range []struct{ body, want, answer string }{
		{"", "{Webhooks:[] All:false By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{"{}", "{Webhooks:[] All:false By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{`{"all":true}`, "{Webhooks:[] All:true By:api}", `{"id":"e1","seq":9,"webhooks":[],"gone":["x"]}`},
		{`{"webhooks":["a","b"]}`, "{Webhooks:[a b] All:false By:api}", `{"id":"e1","seq":9,"webhooks":["a","b"],"gone":["x"]}`},
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, c.body, "Content-Type", apitest.JSON).Check(t, 202, c.answer+"\n")
		if got, want := l.Operator.Asked(), "{ID:e1 Source: Seq:0} "+c.want; got != want {
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
		`{"all":true}{}`:                  "text follows the JSON object",
		`{"all":true,"webhooks":["a"]}`:   `"webhooks" and "all" cannot be used together`,
		`{"webhooks":[]}`:                 `"webhooks" is empty`,
		`{"all":true`:                     "the body is not valid JSON: EOF",
		`{"webhooks":["a"],"all":truest}`: `the body is not valid JSON: invalid character 's' after object key:value pair`,
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, body, "Content-Type", apitest.JSON).Check(t, 400, apitest.Problem(400, -1, detail))
	}
	apitest.Do(t, l.ViaUnix, "POST", url, "all=true", "Content-Type", "application/x-www-form-urlencoded").
		Check(t, 415, apitest.Problem(415, -1, "unsupported Content-Type; use application/json"))
}

func TestActing(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	looked := apitest.Do(t, l.ViaUnix, "GET", "http://localhost/v1/webhooks/a", "")
	for _, what := range []string{"enable", "retry"} {
		apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/a/"+what, "").Check(t, 200, looked.Text)
		l.Operator.Lock()
		got := l.Operator.Acted
		l.Operator.Unlock()
		if got != what+" a" {
			t.Errorf("%s: asked to %q", what, got)
		}
		apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/a/"+what, `{"x":1}`, "Content-Type", apitest.JSON).
			Check(t, 400, apitest.Problem(400, -1, `unknown key "x"`))
	}
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/a/test", "").Check(t, 200, `{"status":"failed","code":500}`+"\n")
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/a/test", `{"x":1}`, "Content-Type", apitest.JSON).
		Check(t, 400, apitest.Problem(400, -1, `unknown key "x"`))
	l.Operator.Fail(&admin.NotFoundError{What: `webhook "b"`})
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/b/test", "").Check(t, 404, apitest.Problem(404, -1, `there is no webhook "b"`))
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/b/enable", "").Check(t, 404, apitest.Problem(404, -1, `there is no webhook "b"`))
}

// A receiver may be given longer than other calls have for their answers.
func TestSlowTest(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{Times: httpd.Times{Write: 20 * time.Millisecond}})
	apitest.Do(t, l.ViaUnix, "POST", "http://localhost/v1/webhooks/slow/test", "").Check(t, 200, `{"status":"failed","code":500}`+"\n")
}

func TestCancel(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	url := "http://localhost/v1/cancel"
	for body, want := range map[string]api.CancelRequest{
		`{"webhook":"a"}`: {Webhook: "a"},
		`{"webhook":"a","since":null,"until":"0001-01-01T00:00:00Z"}`:                                     {Webhook: "a", Until: api.Time{Time: time.Time{}.Add(1)}}, // not whenever
		`{"event":"a","since":"2026-11-23t14:55:00z"}`:                                                    {Event: "a", Since: api.Time{Time: apitest.At}},
		`{"event":"seq:3","type":"t","since":"2026-11-23T14:55:00Z","until":"2026-11-23T15:55:00+01:00"}`: {Event: "seq:3", Type: "t", Since: api.Time{Time: apitest.At}, Until: api.Time{Time: apitest.At}},
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, body, "Content-Type", apitest.JSON).Check(t, 200, `{"canceled":3}`+"\n")
		l.Operator.Lock()
		got := l.Operator.Ends
		l.Operator.Unlock()
		if got.Since.Time, got.Until.Time = got.Since.UTC(), got.Until.UTC(); got != want {
			t.Errorf("%s: asked to end %+v, want %+v", body, got, want)
		}
	}
	for body, detail := range map[string]string{
		"":                                    `"webhook" or "event" is required`,
		`{"type":"t"}`:                        `"webhook" or "event" is required`,
		`{"webhook":"a","since":"yesterday"}`: `key "since": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "yesterday"`,
		`{"webhook":"a","until":""}`:          `key "until": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not ""`,
		`{"webhook":"a","id":"e"}`:            `unknown key "id"`,
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, body, "Content-Type", apitest.JSON).Check(t, 400, apitest.Problem(400, -1, detail))
	}
}

func TestAcceptDamage(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	url := "http://localhost/v1/history/accept"
	apitest.Do(t, l.ViaUnix, "POST", url, `{"problems":[{"file":"removed.json","message":"m"},{"file":"events-1.jsonl","line":2,"offset":90,"message":"x"}]}`, "Content-Type", apitest.JSON).
		Check(t, 200, `{"accepted":2}`+"\n")
	l.Operator.Lock()
	got := l.Operator.Known
	l.Operator.Unlock()
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
		apitest.Do(t, l.ViaUnix, "POST", url, body, "Content-Type", apitest.JSON).Check(t, 400, apitest.Problem(400, -1, detail))
	}
}

func TestOperatorRefuses(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	for _, c := range []struct {
		err    error
		status int
		detail string
	}{
		{&admin.NotFoundError{What: `event "e1"`}, 404, `there is no event "e1"`},
		{&admin.UnprocessableError{Problem: "it went to several webhooks"}, 422, "it went to several webhooks"},
		{apitest.ErrBroken, 503, "broken"},
	} {
		l.Operator.Fail(c.err)
		for _, call := range []string{"GET /v1/webhooks/a", "GET /v1/events/e1", "POST /v1/events/e1/resend", "GET /v1/config"} {
			var method, path string
			fmt.Sscan(call, &method, &path)
			apitest.Do(t, l.ViaUnix, method, "http://localhost"+path, "").Check(t, c.status, apitest.Problem(c.status, -1, c.detail))
		}
	}
}

func TestHealth(t *testing.T) {
	var mu sync.Mutex
	var sick, busy error
	l := apitest.Start(t, apitest.Settings, apitest.Options{
		Healthy: func() error { mu.Lock(); defer mu.Unlock(); return sick },
		Ready:   func() error { mu.Lock(); defer mu.Unlock(); return busy },
	})
	get := func(path string, status int, body string) {
		t.Helper()
		apitest.Do(t, l.ViaPort, "GET", "http://"+l.Addr+path, "").Check(t, status, body)
	}
	get("/healthz", 200, "{\"status\":\"ok\"}\n")
	get("/readyz", 200, "{\"status\":\"ok\"}\n")
	mu.Lock()
	sick, busy = fmt.Errorf("the writer is dead"), fmt.Errorf("recovery is under way")
	mu.Unlock()
	get("/healthz", 503, apitest.Problem(503, -1, "the writer is dead"))
	get("/readyz", 503, apitest.Problem(503, -1, "recovery is under way"))
}
