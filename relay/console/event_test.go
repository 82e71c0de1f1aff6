package console_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sidehook/relay/console/consoletest"
)

// eventPage is the page of an event, as a browser reads it.
type eventPage struct {
	text     string
	elements int
}

// readEvent gets a page of a relay.
func readEvent(t *testing.T, r *consoletest.Relay, path string) eventPage {
	t.Helper()
	status, body, _ := r.Get(path)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d: %.300s", path, status, body)
	}
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var p eventPage
	for n := range document.Descendants() {
		switch n.Type {
		case html.TextNode:
			p.text += " " + n.Data
		case html.ElementNode:
			p.elements++
			if n.Data == "script" && len(n.Attr) == 0 || n.Data == "style" {
				t.Errorf("%s has %s", path, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%s: %s has %s", path, n.Data, a.Key)
				}
			}
		}
	}
	p.text = strings.Join(strings.Fields(p.text), " ")
	return p
}

func (p eventPage) has(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			t.Errorf("the page does not have %q:\n%s", text, p.text)
		}
	}
}

func (p eventPage) hasNot(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(p.text, text) {
			t.Errorf("the page has %q:\n%s", text, p.text)
		}
	}
}

// recorded waits until the history has so many attempts at an event.
func recorded(t *testing.T, r *consoletest.Relay, event string, attempts int) (newest int) {
	t.Helper()
	var trace struct{ Attempts []struct{ N int } }
	consoletest.Eventually(t, fmt.Sprintf("%d attempts at %s", attempts, event), func() bool {
		return r.Call("GET", "/v1/events/"+event, "", &trace) == 200 && len(trace.Attempts) == attempts
	})
	return trace.Attempts[attempts-1].N
}

// TestEventStories: what becomes of events, as their pages tell it.
func TestEventStories(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	receiver.Answer("/refuses", consoletest.Answer(410, "text/html", hostile))
	receiver.Answer("/late", consoletest.Answer(503, "text/plain", "later\u202e"))
	receiver.Answer("/long", consoletest.Answer(200, "application/json", `{"list":[`+strings.Repeat(`"0123456789",`, 2000)+`0]}`))
	hooks := "webhooks:\n" + receiver.Hook("ok", "") + receiver.Hook("refuses", ", when: 'data.to == \"refuses\"'") +
		receiver.Hook("late", ", expire_after: 3h, when: 'data.to == \"late\"'") + receiver.Hook("long", ", when: 'data.to == \"long\"'") +
		receiver.Hook("paused", ", paused: true, when: 'data.to == \"paused\"'") + receiver.Hook("off", ", enabled: false")
	r := consoletest.Start(t, consoletest.Setup{File: hooks})
	post := func(id, to, more string) {
		t.Helper()
		r.Post(fmt.Sprintf(`{"type":"a.b","id":%q,"data":{"to":%q}%s}`, id, to, more))
	}
	arrived := func(to string, n int) {
		t.Helper()
		consoletest.Eventually(t, "a request to "+to, func() bool { return len(receiver.Taken("/"+to)) == n })
		r.Settled()
	}
	post("refused", "refuses", "")
	arrived("refuses", 1)
	post("later", "late", "")
	arrived("late", 2)
	post("long", "long", "")
	arrived("long", 1)
	post("paused", "paused", "")
	post("soon", "paused", `,"expirytime":"`+time.Now().Add(90*time.Minute).Format(time.RFC3339)+`"`)
	r.Post(`{"type":"c.d","id":"unwanted","data":{"to":""}}`)
	r.Post(`{"type":"a.b","id":"twin","source":"one","data":{"to":"paused"}}`)
	r.Post(`{"type":"a.b","id":"twin","source":"two","data":{"to":"x"}}`)
	r.Post(`{"type":"a.b","id":"` + strings.ReplaceAll(hostile, `"`, `\"`) + `","data_base64":"iVBORw0KGgo="}`)
	r.Call("POST", "/v1/events/later/resend", `{"webhooks":["ok"]}`, nil)
	r.Call("POST", "/v1/webhooks/ok/test", "", nil)
	arrived("ok", 8+1+1)
	recorded(t, r, "refused", 2)
	recorded(t, r, "later", 4)
	recorded(t, r, "seq:9", 1)
	recorded(t, r, "seq:11", 1)

	for path, c := range map[string]struct{ has, hasNot []string }{
		"/events/refused": {
			[]string{"refuses ■ failed", "a.* matches a.b, and data.to", "410 Gone", hostile, "The webhook is ■ disabled", "off : it is off", "late : its condition is false"}, []string{"expires", "The answer is that"}},
		"/events/later": {
			[]string{"late ▲ retrying", "Attempt 2 ▲ retrying 503", "retry schedule, wait 2 (±10 %)", "expires after 3h; now is after", "later U+202E", "ok ● delivered", "2 attempts made: retrying after 0s, retrying after 0s; 1 attempt ahead, after ", "The answer is that of the attempt before."}, []string{"crm"}},
		"/events/long": {
			[]string{"cut at history.response_body", `{ "list" : [`}, nil},
		"/events/paused": {
			[]string{"paused ○ waiting", "No attempt yet.", "The webhook is ❙❙ paused", "No attempt was made; 3 attempts ahead, after 0s to 1h; expires after 30d"}, nil},
		"/events/soon":     {[]string{"3 attempts ahead", "expires after 1h"}, nil},
		"/events/unwanted": {[]string{"No webhook wanted this event", "webhooks whose events do not match c.d"}, nil},
		"/events/twin":     {[]string{"Same id seq:7 from one ,", "Source two"}, []string{"paused ○ waiting"}},
		"/events/twin?source=one": {
			[]string{"Same id seq:8 from two ,", "Source one", "paused ○ waiting"}, nil},
		"/events/seq:9": {
			[]string{hostile, "Data 0000 89 50 4e 47", "8 B"}, nil},
		"/events/seq:11": {[]string{"a test of ok", "ok ● delivered", "a test of it alone"}, []string{"Not sent to"}},
	} {
		t.Run(path, func(t *testing.T) {
			p := readEvent(t, r, path)
			p.has(t, c.has...)
			p.hasNot(t, c.hasNot...)
			if p.elements > 2500 {
				t.Errorf("%d elements", p.elements)
			}
		})
	}
	t.Run("to many", func(t *testing.T) {
		var many strings.Builder
		for i := range 400 {
			many.WriteString(receiver.Hook(fmt.Sprint("hook-", i), ""))
		}
		r.Save("webhooks:\n" + many.String())
		consoletest.Eventually(t, "the edit is in force", func() bool { return r.Call("GET", "/v1/webhooks/hook-399", "", nil) == 200 })
		r.Post(`{"type":"a.b","id":"many","data":{}}`)
		consoletest.Eventually(t, "all requests", func() bool { return len(receiver.Taken("/hook-399")) == 1 })
		recorded(t, r, "many", 400)
		p := readEvent(t, r, "/events/many")
		p.has(t, "Other webhooks")
		if p.elements > 2500 {
			t.Errorf("%d elements", p.elements)
		}
		readEvent(t, r, "/events/many?webhook=hook-399").has(t, "hook-399 ● delivered")
	})
}

// TestEventElements: the page is small whatever became of an event.
func TestEventElements(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	var hooks strings.Builder
	var answers atomic.Int32
	for i := range 30 {
		name := fmt.Sprint("hook-", i)
		hooks.WriteString(strings.ReplaceAll(receiver.Hook(name, ""), "50ms, 1h", strings.Repeat("1ms, ", 9)+"1h"))
		receiver.Answer("/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			fmt.Fprintf(w, `{"n":%d,"list":[%s0],"m":%[1]d}`, answers.Add(1), strings.Repeat(`{"a":1,"b":true},`, 100))
		})
	}
	for i := range 60 {
		hooks.WriteString(receiver.Hook(fmt.Sprint("unwilling-", i), ", when: data.no == 1"))
	}
	r := consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + hooks.String()})
	r.Post(`{"type":"a.b","id":"x","data":{"no":0,"list":[` + strings.Repeat(`{"key":"value"},`, 1000) + `0]}}`)
	newest := recorded(t, r, "x", 300)
	for _, path := range []string{"/events/x", "/events/x?webhook=hook-7", fmt.Sprintf("/events/x?attempt=%d", newest)} {
		p := readEvent(t, r, path)
		p.has(t, "20 other webhooks")
		p.hasNot(t, "No attempt yet")
		if p.elements > 2500 {
			t.Errorf("%s: %d elements", path, p.elements)
		}
	}
}

// TestEventFiles: what others wrote is downloaded as it is, and never shown by a browser.
func TestEventFiles(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	receiver.Answer("/one", consoletest.Answer(200, "text/html", "<h1>\x00\xff"))
	r := consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + receiver.Hook("one", ", format: data")})
	r.Post(`{"type":"a.b","id":"x","datacontenttype":"text/html","data":"<script>"}`)
	r.Post(`{"type":"a.b","id":"long","data":"` + strings.Repeat("é", 50<<10) + `"}`)
	consoletest.Eventually(t, "both arrive", func() bool { return len(receiver.Taken("/one")) == 2 })
	attempt := recorded(t, r, "x", 1)
	recorded(t, r, "long", 1)
	for path, want := range map[string]string{
		"/events/x/data":             "<script>",
		"/events/x/body?webhook=one": "<script>",
		fmt.Sprintf("/events/x/response?attempt=%d", attempt): "<h1>\x00\xff",
	} {
		status, body, header := r.Get(path)
		if status != 200 || body != want {
			t.Errorf("%s: %d %q, want %q", path, status, body, want)
		}
		if got := header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") || header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s: %v", path, header)
		}
	}
	if _, body, _ := r.Get("/events/x/raw"); !strings.Contains(body, `"data":"<script>"}`) {
		t.Errorf("the event is %s", body)
	}
	for path, want := range map[string]int{
		"/events/y": 404, "/events/y/data": 404, "/events/x/body?webhook=two": 404, "/events/x/response?attempt=999": 404, "/events/x/response": 404,
		"/events/x/rest?from=-1": 400, "/events/x/rest?from=9999": 400, "/events/seq:999": 404,
	} {
		if status, _, _ := r.Get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	p := readEvent(t, r, "/events/long")
	p.has(t, "64.0 KiB of 100.", "Show more")
	_, body, _ := r.Get("/events/long")
	_, next, _ := strings.Cut(body, `/rest?from=`)
	next, _, _ = strings.Cut(next, `"`)
	readEvent(t, r, "/events/long/rest?from="+next).has(t, "ééé", `"}`, "Back to the event")
}

// TestEventCurl: a shell makes of the command the request that was made, but for secrets.
func TestEventCurl(t *testing.T) {
	receiver := consoletest.NewReceiver(t)
	r := consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + receiver.Hook("one", `, headers: {Authorization: "Bearer abc", X-Odd: "it's 5$ \"x\""}, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`)})
	r.Post(`{"type":"a.b","id":"x","data":{"a":"it's $HOME ` + "`id`" + ` \\"}}`)
	consoletest.Eventually(t, "it arrives", func() bool { return len(receiver.Taken("/one")) == 1 })
	recorded(t, r, "x", 1)
	_, body, _ := r.Get("/events/x")
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	command := ""
	for n := range document.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && strings.HasPrefix(a.Val, "curl-") {
				command = n.FirstChild.Data
			}
		}
	}
	for _, shown := range []string{"abc", "v1,"} {
		if strings.Contains(command, shown) {
			t.Errorf("the command has %q: %s", shown, command)
		}
	}
	script := "curl() { printf '%s\\n' \"$@\"; }; SECRET=s3cret; " + command
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	taken := receiver.Taken("/one")[0]
	for _, want := range []string{
		receiver.URL + "/one", "Authorization: s3cret", "webhook-signature: s3cret", `X-Odd: it's 5$ "x"`, "webhook-id: x", "--data-raw\n" + taken.Body,
	} {
		if !strings.Contains(string(out), want+"\n") {
			t.Errorf("curl is not given %q:\n%s", want, out)
		}
	}
}
