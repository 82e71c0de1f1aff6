package relay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"sidehook/config"
	"sidehook/relay/api"
)

// TestCalls has a row for each call that looks or acts, through the socket. How
// each reads its path, its query and its body is in intake's tests.
func TestCalls(t *testing.T) {
	for call, holds := range map[string]func(*testing.T){
		"GET /v1/webhooks":                listCall,
		"GET /v1/webhooks/{name}":         webhookCall,
		"POST /v1/webhooks/{name}/enable": enableCall,
		"POST /v1/webhooks/{name}/retry":  retryCall,
		"POST /v1/webhooks/{name}/test":   testCall,
		"POST /v1/cancel":                 cancelCall,
		"GET /v1/events/{id}":             eventCall,
		"POST /v1/events/{id}/resend":     resendCall,
		"POST /v1/history/accept":         acceptCall,
		"GET /v1/config":                  configCall,
		"GET /healthz":                    healthzCall,
		"GET /readyz":                     readyzCall,
		"GET /metrics":                    metricsCall,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			holds(t)
		})
	}
}

// The list has the webhooks in the order of the file, then what is gone, each in
// its state and with what waits for it.
func listCall(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fails":
			w.WriteHeader(503)
		case "/refuses":
			w.WriteHeader(410)
		}
	})
	rest := patient(s, "works", "") + patient(s, "fails", "") + patient(s, "refuses", ", concurrency: 1") + patient(s, "off", ", enabled: false")
	h := newHost(t, "webhooks:\n"+rest+patient(s, "paused", ", paused: true")+patient(s, "gone", ", paused: true"))
	for i := range 5 {
		h.post(fmt.Sprint("e", i))
	}
	eventually(t, "all has been tried", func() bool {
		return len(s.taken("/works")) == 5 && h.standing("fails").State == "failing" && h.standing("refuses").State == "disabled"
	})
	h.settled()
	h.apply("webhooks:\n" + rest + patient(s, "paused", ", paused: true"))
	var list struct{ Webhooks []standing }
	if code := h.call("GET", "/v1/webhooks", "", &list); code != 200 {
		t.Fatalf("answer %d", code)
	}
	var got []string
	for _, w := range list.Webhooks {
		waits := w.Backlog.Events > 0
		if (w.Backlog.Bytes > 100) != waits || (w.Backlog.Oldest > 0) != waits || w.InFlight != 0 {
			t.Errorf("%s: backlog %+v, %d in flight", w.Name, w.Backlog, w.InFlight)
		}
		if time.Since(w.Since) > time.Minute {
			t.Errorf("%s is %s since %v", w.Name, w.State, w.Since)
		}
		if success := !w.LastSuccess.IsZero(); success != (w.Name == "works") {
			t.Errorf("%s: the last success is of %v", w.Name, w.LastSuccess)
		}
		if next := !w.Next.IsZero(); next != (w.Name == "fails") {
			t.Errorf("%s: the next is at %v", w.Name, w.Next)
		}
		got = append(got, fmt.Sprint(w.Name, " ", w.State, " ", w.Backlog.Events, " ", w.LastHour, " ", w.LastError))
	}
	want := []string{
		"works active 0 {5 0} ", "fails failing 5 {0 5} 503 Service Unavailable", "refuses disabled 4 {0 1} 410 Gone: the receiver asked to stop",
		"off off 0 {0 0} ", "paused paused 5 {0 0} ", "gone orphaned 5 {0 0} ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// One of them is shown with every key as configured, and no secret.
func webhookCall(t *testing.T) {
	h := newHost(t, `webhooks:
  - name: full
    was: former
    description: all keys
    url: https://u.example/a?token=t0ken
    events: [a.b, "c.**"]
    when: data.x
    transform: data
    secret: 0123456789abcdef0123456789abcdef
    headers: {X-Team: data, Authorization: Bearer t0ken}
    enabled: false
    paused: true
    profile: qlik
    format: data
    signature: [qlik, standard]
    user_agent: me
    timeout: 3s
    retry: [1s, 90s]
    give_up_on: [400]
    concurrency: 2
    rate: 600/m
    order: {by: data.id}
    expire_after: 1d
    max_backlog: 1MiB
    disable_after: 2d
    allow: [any-host, 10.0.0.0/8]
    tls: {server_name: s.example}
    proxy: http://u:p4ss@proxy:3128
  - {name: ordered, url: https://u.example, events: [a.b], order: all}
  - {name: bare, url: https://u.example, events: [a.b]}
`)
	for name, want := range map[string]string{
		"full": `{"name":"full","was":"former","description":"all keys","url":"https://u.example/a?token=***","events":["a.b","c.**"],"when":"data.x","transform":"data",` +
			`"secret":"***","headers":{"Authorization":"***","X-Team":"data"},"enabled":false,"paused":true,"profile":"qlik","format":"data","signature":["qlik","standard"],` +
			`"user_agent":"me","timeout":"3s","retry":["1s","1m30s"],"give_up_on":[400],"concurrency":2,"rate":"600/m","order":{"by":"data.id"},"expire_after":"24h",` +
			`"max_backlog":"1MiB","disable_after":"2d","allow":["any-host","10.0.0.0/8"],"tls":{"server_name":"s.example"},"proxy":"http://***@proxy:3128","state":"off",`,
		"ordered": `{"name":"ordered","url":"https://u.example","events":["a.b"],"enabled":true,"paused":false,"profile":"standard","format":"standard","signature":["standard"],` +
			`"timeout":"15s","retry":["5s","5m","30m","2h","5h","10h","14h","20h","24h"],"concurrency":16,"order":"all","disable_after":"5d","state":"active",`,
		"bare": `{"name":"bare","url":"https://u.example","events":["a.b"],"enabled":true,"paused":false,"profile":"standard","format":"standard","signature":["standard"],` +
			`"timeout":"15s","retry":["5s","5m","30m","2h","5h","10h","14h","20h","24h"],"concurrency":16,"disable_after":"5d","state":"active",`,
	} {
		var got json.RawMessage
		if code := h.call("GET", "/v1/webhooks/"+name, "", &got); code != 200 || !strings.HasPrefix(string(got), want) {
			t.Errorf("%d, got\n%s, want\n%s…", code, got, want)
		}
	}
	if code := h.call("GET", "/v1/webhooks/former", "", nil); code != 404 {
		t.Errorf("an unknown one: %d", code)
	}
}

// An event is shown as it was accepted, with its attempts, and why each webhook
// got it; for the others, as the file decides now.
func eventCall(t *testing.T) {
	s := newReceiver(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", "yes")
		fmt.Fprint(w, "thanks")
	})
	h := newHost(t, "webhooks:\n"+hook(s, "one", ", when: data.n > 1")+hook(s, "two", ", when: data.n > 2")+strings.Replace(hook(s, "three", ""), "a.*", "b.*", 1))
	const given = `{"type":"a.b","id":"e 1/é","source":"x","time":"2026-11-23T14:00:00Z","data":{"n":2, "b":1.10}}`
	for _, body := range []string{given, strings.Replace(given, `"x"`, `"y"`, 1)} {
		if code := h.call("POST", "/v1/events", body, nil); code != 202 {
			t.Fatalf("answer %d", code)
		}
	}
	type attempt struct {
		Kind, Status string
		Code         int
		Request      struct {
			URL     string
			Headers map[string]string
		}
		Response struct {
			Headers map[string]string
			Body    string
		}
	}
	var story struct {
		Seq      int
		Event    json.RawMessage
		Webhooks []struct {
			Webhook, Glob, When, Why, Status string
			Wanted, Now                      bool
		}
		Attempts []attempt
	}
	look := func(path string) int {
		story.Attempts, story.Webhooks = nil, nil
		return h.call("GET", "/v1/events/"+path, "", &story)
	}
	eventually(t, "its attempt stands in the history", func() bool { return look("e%201%2F%C3%A9?source=x") == 200 && len(story.Attempts) == 1 })
	if got, want := string(story.Event), `{"specversion":"1.0","type":"a.b","id":"e 1/é","source":"x","time":"2026-11-23T14:00:00Z","data":{"n":2,"b":1.10}}`; got != want {
		t.Errorf("the event\n%s, want\n%s", got, want)
	}
	for i, want := range []string{
		"{one a.* data.n > 1  delivered true false}", "{two a.* data.n > 2 its condition is false: data.n > 2  false true}", "{three   none of its events match: b.*  false true}",
	} {
		if got := fmt.Sprint(story.Webhooks[i]); got != want {
			t.Errorf("why: %s, want %s", got, want)
		}
	}
	a := story.Attempts[0]
	if a.Kind != "attempt" || a.Status != "delivered" || a.Code != 200 || a.Response.Body != "thanks" || a.Response.Headers["X-Answer"] != "yes" {
		t.Errorf("attempt: %+v", a)
	}
	sent := a.Request.Headers
	id := sent["Sidehook-Event"]
	if a.Request.URL != s.URL+"/one" || sent["User-Agent"] != "sidehook/test" || !strings.HasPrefix(id, "msg_") ||
		sent["Sidehook-Attempt"] != "1" || sent["webhook-id"] != id || sent["webhook-timestamp"] == "" {
		t.Errorf("its request: %+v", a.Request)
	}
	for path, want := range map[string]int{"e%201%2F%C3%A9": 2, "e%201%2F%C3%A9?source=x": 1, "e%201%2F%C3%A9?source=y": 2, "seq:1": 1, "seq:2": 2, id: 1} {
		if code := look(path); code != 200 || story.Seq != want {
			t.Errorf("%s: %d, seq %d, want %d", path, code, story.Seq, want)
		}
	}
	for _, path := range []string{"e2", "seq:3", "e%201%2F%C3%A9?source=z"} {
		if code := look(path); code != 404 {
			t.Errorf("%s: %d, want 404", path, code)
		}
	}
}

// The file in force, and why the last edit is not.
func configCall(t *testing.T) {
	h := newHost(t, "webhooks: []\n")
	look := func() (c api.Config) {
		h.call("GET", "/v1/config", "", &c)
		return c
	}
	first := look()
	if first.Path != filepath.Join(h.dir, "webhooks.yaml") || len(first.Hash) != 64 || first.Generation != 1 || time.Since(first.Loaded) > time.Minute || first.Problems == nil || len(first.Problems) > 0 || first.Restart == nil || len(first.Restart) > 0 {
		t.Errorf("got %+v", first)
	}
	h.r.Refused(errors.New("line 1: no\nline 2: neither"))
	if got, want := look(), []api.ConfigProblem{{File: first.Path, Message: "line 1: no"}, {File: first.Path, Message: "line 2: neither"}}; got.Hash != first.Hash || !slices.Equal(got.Problems, want) {
		t.Errorf("got %+v", got)
	}
	h.r.Refused(config.Problems{
		{File: first.Path, Line: 2, Column: 3, Path: "source", Message: "is wrong", Hint: "write x"},
		{File: first.Path, Line: 4, Column: 1, Message: "is doubtful", Warning: true},
	})
	if got := look(); len(got.Problems) != 2 || got.Problems[0] != (api.ConfigProblem{
		File: first.Path, Line: 2, Column: 3, Path: "source", Message: "is wrong", Hint: "write x",
	}) || len(got.Errors()) != 1 {
		t.Errorf("got %+v", got)
	}
	h.listen = "http: off, max_event_size: 2KiB, console: edit, read_token: r3ad"
	h.apply("source: x\nhistory: {dir: other}\n")
	if got := look(); got.Hash == first.Hash || got.Generation != 2 || !got.Loaded.After(first.Loaded) || len(got.Problems) > 0 ||
		!slices.Equal(got.Restart, []string{"history.dir", "listen.console", "listen.max_event_size", "listen.read_token"}) {
		t.Errorf("got %+v", got)
	}
	h.listen = ""
	h.apply("webhooks: [{name: a, url: 'https://x.example/', events: ['**']}]\n")
	if got := look(); len(got.Restart) > 0 || len(got.Errors()) > 0 || len(got.Problems) != 1 || !strings.Contains(config.Problem(got.Problems[0]).String(), "warning: webhooks[0] (a)") {
		t.Errorf("got %+v", got)
	}
}

// Not ready while events are refused, with the reason; and again once they are
// not.
func readyzCall(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "history: {max_size: 16MiB}\nwebhooks:\n"+hook(s, "one", ", paused: true"))
	var answer struct{ Status, Detail any }
	if code := h.call("GET", "/readyz", "", &answer); code != 200 || answer.Status != "ok" {
		t.Errorf("%d %+v", code, answer)
	}
	for _, size := range []int{1000 << 10, 100 << 10, 10 << 10} { // what refuses a large event may have room for others
		event := `{"type":"a.b","data":"` + noise(size) + `"}`
		for n := 0; h.call("POST", "/v1/events", event, nil) == 202; n++ {
			if n == 200 {
				t.Fatal("16 MiB are not full")
			}
		}
	}
	if code := h.call("GET", "/readyz", "", &answer); code != 503 || answer.Detail != "no room left for the history: history.max_size is reached" {
		t.Errorf("%d %+v", code, answer)
	}
	h.call("POST", "/v1/cancel", `{"webhook":"one"}`, nil)
	eventually(t, "events are accepted again", func() bool { return h.post("e1") == 202 }) // an event has the history looked at sooner
	eventually(t, "it is ready", func() bool { return h.call("GET", "/readyz", "", nil) == 200 })
}

// A scrape is as Prometheus wants it.
func metricsCall(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", ""))
	h.post("e1")
	h.attempts("e1", 1)
	problems, err := promlint.New(strings.NewReader(h.scrape())).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}
