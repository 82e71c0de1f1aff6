package consoletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// attack is a text that runs as a script, as HTML, as an attribute or as an address,
// wherever it is not taken for a text.
const attack = `"'><script>window.attacked=1</script><img src=x onerror=window.attacked=1>javascript:window.attacked=1</title></textarea>`

// hostile starts a relay in which every text that somebody else may choose is an attack:
// descriptions, headers, addresses, ids, sources, subjects, types, data, answers and
// errors. It returns the paths of its pages.
func hostile(t testing.TB) (*scene, []string) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	in := func(text string) string { // as a value of YAML
		literal, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(literal)
	}
	file := "event_types:\n  a.b: " + in(attack) + "\nwebhooks:\n" +
		s.entry("answers", "'**'", ", description: "+in(attack)+", headers: {X-Attack: "+in(attack)+"}, retry: []") +
		s.entry("errors", "'**'", ", retry: [1h]") +
		s.entry("untyped", "'**'", "") +
		fmt.Sprintf("  - {name: broken, url: %s, events: ['**'], allow: [http, any-host, 127.0.0.0/8], signature: none, transform: %s, description: x}\n",
			in(s.receiver.URL+"/%22%3E%3Cscript%3E?a=%3Cscript%3E"), in(`{"x": data.missing.field + "<script>window.attacked=1</script>"}`))
	answer := func(status int, contentType string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("X-Attack", attack)
			w.WriteHeader(status)
			body, _ := json.Marshal(map[string]string{attack: attack})
			if contentType != "application/json" {
				body = []byte(attack)
			}
			w.Write(body)
		}
	}
	s.receiver.Answer("/answers", answer(200, "application/json"))
	s.receiver.Answer("/errors", answer(500, "text/html"))
	s.receiver.Answer("/untyped", answer(422, `image/svg+xml; x="<script>"`))
	s.Relay = consoletest.Start(t, consoletest.Setup{File: file})
	id := "event" + attack
	event, err := json.Marshal(map[string]any{
		"specversion": "1.0", "type": "a.b", "id": id, "source": "/" + url.PathEscape(attack), "subject": attack, "extra": attack,
		"data": map[string]any{attack: []any{attack, 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Post(string(event))
	consoletest.Eventually(t, "attempts are made", func() bool {
		return len(s.receiver.Taken("/answers")) > 0 && len(s.receiver.Taken("/errors")) > 0 && len(s.receiver.Taken("/untyped")) > 0
	})
	s.Settled()
	q := url.QueryEscape(attack)
	return s, []string{
		"/", "/?q=" + q, "/?state=" + q, "/?sort=" + q, "/?cursor=" + q,
		"/new", "/webhooks/answers/edit", "/webhooks/broken/edit", "/webhooks/" + url.PathEscape(attack) + "/edit",
		"/webhooks/answers", "/webhooks/errors", "/webhooks/untyped", "/webhooks/broken", "/webhooks/" + url.PathEscape(attack),
		"/webhooks/answers?status=" + q, "/webhooks/answers?type=" + q, "/webhooks/answers?code=" + q, "/webhooks/answers?since=" + q,
		"/events", "/events?type=" + q, "/events/" + url.PathEscape(id), "/events/" + url.PathEscape(attack),
		"/deliveries", "/deliveries?webhook=" + q, "/resend", "/resend?webhook=answers&since=" + q, "/resend?webhook=" + q + "&since=24h",
		"/config", "/" + url.PathEscape(attack), "/in?code=" + q,
	}
}

// TestHostileText: a text of somebody else is a text on every page. No script of it runs,
// and the policy that would stop one has nothing to stop.
func TestHostileText(t *testing.T) {
	s, paths := hostile(t)
	tab := s.signedIn(t)
	shown := 0
	for _, path := range paths {
		tab.Go(s.URL + path)
		if attacked := consoletest.Eval[bool](tab, "'attacked' in window"); attacked {
			t.Errorf("%s: a script ran", path)
		}
		for _, complaint := range tab.Complaints() {
			t.Errorf("%s: the browser complains: %s", path, complaint)
		}
		html := tab.HTML()
		for _, f := range foreign(html) {
			t.Errorf("%s: %s", path, f)
		}
		if strings.Contains(tab.Text("main"), "<script>window.attacked=1</script>") {
			shown++
		}
	}
	if shown < 8 {
		t.Errorf("the text is shown on %d pages, want more: otherwise nothing is tested", shown)
	}
}

// FuzzHostileText puts any text where somebody else chooses it, and looks at each page
// as a browser reads it.
func FuzzHostileText(f *testing.F) {
	f.Add(attack)
	f.Add("</script><svg onload=1>")
	f.Add("\x00\u2028\u202e&lt;`${1}")
	f.Add(`" autofocus onfocus=1 x="`)
	s := &scene{receiver: consoletest.NewReceiver(f)}
	s.Relay = consoletest.Start(f, consoletest.Setup{File: "webhooks:\n" + s.entry("one", "'**'", ", retry: []")})
	n := 0
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			t.Skip("long")
		}
		s.For(t)
		n++
		s.receiver.Answer("/one", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Text", text)
			fmt.Fprint(w, text)
		})
		literal, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("e%d-%s", n, strings.ToValidUTF8(text, ""))
		event, err := json.Marshal(map[string]any{"type": "a.b", "id": id, "data": json.RawMessage(literal)})
		if err != nil {
			t.Fatal(err)
		}
		seen := len(s.receiver.Taken("/one"))
		if s.Call("POST", "/v1/events", string(event), nil) == http.StatusAccepted {
			consoletest.Eventually(t, "an attempt", func() bool { return len(s.receiver.Taken("/one")) > seen })
		}
		q := url.QueryEscape(text)
		for _, path := range []string{"/?q=" + q, "/webhooks/one", "/webhooks/one?type=" + q, "/events", "/events/" + url.PathEscape(id), "/deliveries?status=" + q, "/" + url.PathEscape(text)} {
			_, body, _ := s.Get(path)
			for _, x := range foreign(body) {
				t.Errorf("%s: %s", path, x)
			}
		}
	})
}
