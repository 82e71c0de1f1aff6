package relay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKeys has a row for each key of a webhook: what it does, from the file to what a
// receiver sees. The test of the same name in config has the values that are allowed, and
// deliver has what takes longer than a test may.
func TestKeys(t *testing.T) {
	for key, holds := range map[string]func(*testing.T){
		"name":         nameKey,
		"was":          wasKey,
		"description":  descriptionKey,
		"url":          urlKey,
		"events":       eventsKey,
		"match":        matchKey,
		"when":         whenKey,
		"transform":    transformKey,
		"secret":       secretKey,
		"headers":      headersKey,
		"enabled":      enabledKey,
		"paused":       pausedKey,
		"profile":      profileKey,
		"format":       formatKey,
		"signature":    signatureKey,
		"user_agent":   userAgentKey,
		"timeout":      timeoutKey,
		"retry":        retryKey,
		"give_up_on":   giveUpOnKey,
		"concurrency":  concurrencyKey,
		"rate":         rateKey,
		"order":        orderKey,
		"expire_after": expireAfterKey,
		"max_backlog":  maxBacklogKey,
		"allow":        allowKey,
		"oauth2":       oauth2Key,
		"tls":          tlsKey,
		"proxy":        proxyKey,
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			holds(t)
		})
	}
}

// keyed is a relay with one webhook, called one, that has these keys beside
// those of every test.
func keyed(t *testing.T, keys string) (*receiver, *host) {
	s := newReceiver(t)
	return s, newHost(t, "webhooks:\n"+hook(s, "one", ", "+keys))
}

// standing is a webhook as the list has it.
type standing struct {
	Name, State, Why, Description string
	Since, Next                   time.Time
	Backlog                       struct {
		Events, Bytes int
		Oldest        float64 `json:"oldest_seconds"`
	}
	InFlight int `json:"in_flight"`
	LastHour struct {
		Delivered, Failed int
	} `json:"last_hour"`
	LastSuccess time.Time `json:"last_success"`
	LastError   string    `json:"last_error"`
}

func (h *host) standing(name string) (w standing) {
	h.t.Helper()
	h.call("GET", "/v1/webhooks/"+name, "", &w)
	return w
}

// attempts waits until so many attempts at an event are in the history, and
// shows their status, code and error.
func (h *host) attempts(id string, n int) string {
	h.t.Helper()
	var story struct {
		Attempts []struct {
			Status, Error string
			Code          int
		}
	}
	eventually(h.t, fmt.Sprintf("%d attempts at %s", n, id), func() bool {
		story.Attempts = nil
		h.call("GET", "/v1/events/"+id, "", &story)
		return len(story.Attempts) == n
	})
	var lines []string
	for _, a := range story.Attempts {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Code, " ", a.Error)))
	}
	return strings.Join(lines, "|")
}

// The longest name there is, in what an app is told, and a scrape.
func nameKey(t *testing.T) {
	s := newReceiver(t)
	name := "0" + strings.Repeat("a._-", 15) + "bc"
	h := newHost(t, "webhooks:\n"+hook(s, name, ""))
	var answer struct{ Webhooks []string }
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1"}`, &answer)
	if !slices.Equal(answer.Webhooks, []string{name}) {
		t.Errorf("goes to %v", answer.Webhooks)
	}
	eventually(t, "it arrives", func() bool { return s.count("/"+name, "e1") == 1 })
	if want := `sidehook_webhook_state{state="active",webhook="` + name + `"} 1`; !strings.Contains(h.scrape(), want) {
		t.Errorf("there is no %s", want)
	}
}

// A description is shown, and an edit of it alone is none of the entry: what
// disabled the webhook stays.
func descriptionKey(t *testing.T) {
	s, h := keyed(t, "description: 'Tells «the team» what comes'")
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	if got := h.standing("one").Description; got != "Tells «the team» what comes" {
		t.Errorf("got %q", got)
	}
	h.post("e1")
	eventually(t, "it is disabled", func() bool { return h.standing("one").State == "disabled" })
	h.apply("webhooks:\n" + hook(s, "one", ", description: another"))
	if w := h.standing("one"); w.Description != "another" || w.State != "disabled" {
		t.Errorf("got %+v", w)
	}
}

// A POST goes to the path and the query as they are in the file.
func urlKey(t *testing.T) {
	s := newReceiver(t)
	methods := make(chan string, 1)
	s.answer(func(_ http.ResponseWriter, r *http.Request) { methods <- r.Method + " " + r.RequestURI })
	h := newHost(t, "webhooks:\n  - {name: one, url: '"+s.URL+"/a%2Fb//c?x=1&y=%20', events: [a.b], allow: [http, any-host, 127.0.0.0/8]}\n")
	h.post("e1")
	if got, want := <-methods, "POST /a%2Fb//c?x=1&y=%20"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A type is wanted by its name, by a glob of one word, or of any number of them.
func eventsKey(t *testing.T) {
	s := newReceiver(t)
	wants := func(name, globs string) string {
		return strings.Replace(hook(s, name, ""), "['a.*']", globs, 1)
	}
	h := newHost(t, "webhooks:\n"+wants("exact", "[com.qlik.app]")+wants("word", "['com.qlik.*']")+wants("words", "['com.qlik.**']")+
		wants("end", "['**.deleted']")+wants("two", "[com.x, 'com.*.app']"))
	for typ, want := range map[string]string{
		"com.qlik":             "[words]",
		"com.qlik.app":         "[exact word words two]",
		"com.qlik.app.deleted": "[words end]",
		"com.qlik.App":         "[word words]",
		"com.x":                "[two]",
		"deleted":              "[end]",
		"undeleted":            "[]",
	} {
		var answer struct{ Webhooks []string }
		h.call("POST", "/v1/events", `{"type":"`+typ+`"}`, &answer)
		if got := fmt.Sprint(answer.Webhooks); got != want {
			t.Errorf("%s goes to %s, want %s", typ, got, want)
		}
	}
}

// Of a list the first signs; where the scheme carries several, all do.
func secretKey(t *testing.T) {
	const secrets = "secret: [0123456789abcdef0123456789abcdef, fedcba9876543210fedcba9876543210]"
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", ", "+secrets)+hook(s, "two", ", signature: qlik, "+secrets)+hook(s, "none", ""))
	h.post("e1")
	if got := strings.Fields(s.first(t, "/one").header.Get("Webhook-Signature")); len(got) != 2 || got[0] == got[1] {
		t.Errorf("signatures %q, want one of each secret", got)
	}
	two := s.first(t, "/two")
	if got, want := two.header.Get("Qlik-Signature"), hexOf(hmac256("0123456789abcdef0123456789abcdef", two.body)); got != want {
		t.Errorf("got %s, want that of the first secret, %s", got, want)
	}
	if got, there := s.first(t, "/none").header["Webhook-Signature"]; there {
		t.Errorf("signed by no secret: %q", got)
	}
}

// A webhook's own headers go beside those of the defaults, or in their place,
// and null takes one away.
func headersKey(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "defaults: {headers: {X-All: a, X-Team: b, X-Gone: c}}\nwebhooks:\n"+hook(s, "one", ", headers: {x-team: d, X-Own: e f, X-Gone: null}"))
	h.post("e1")
	header := s.first(t, "/one").header
	for name, want := range map[string]string{"X-All": "[a]", "X-Team": "[d]", "X-Own": "[e f]", "X-Gone": "[]"} {
		if got := fmt.Sprint(header[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Without a profile it is standard, whatever that sets.
func profileKey(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "unset", "")+hook(s, "standard", ", profile: standard")+hook(s, "qlik", ", profile: qlik"))
	h.post("e1")
	unset, standard, qlik := s.first(t, "/unset"), s.first(t, "/standard"), s.first(t, "/qlik")
	if unset.body != standard.body || unset.header.Get("Webhook-Id") != "e1" || unset.header.Get("User-Agent") != "sidehook/test" {
		t.Errorf("got %+v, want %+v", unset, standard)
	}
	if unset.body == qlik.body || qlik.header.Get("Webhook-Id") != "" || qlik.header.Get("User-Agent") != "Qlik Webhook" {
		t.Errorf("got %+v", qlik)
	}
}

// Each of the three that a profile sets may be set alone.
func formatKey(t *testing.T) {
	s, h := keyed(t, "profile: qlik, format: data")
	h.call("POST", "/v1/events", `{"type":"a.b","data":{"n":1.10}}`, nil)
	if got := s.first(t, "/one"); got.body != `{"n":1.10}` || got.header.Get("User-Agent") != "Qlik Webhook" {
		t.Errorf("got %+v", got)
	}
}

// A list of schemes is for a receiver that moves from one to another.
func signatureKey(t *testing.T) {
	s, h := keyed(t, "profile: qlik, signature: [shopify, standard], secret: 0123456789abcdef0123456789abcdef")
	h.post("e1")
	got := s.first(t, "/one")
	if strings.Join(signatureHeaders(got.header), " ") != "Webhook-Id Webhook-Signature Webhook-Timestamp X-Shopify-Hmac-Sha256 X-Shopify-Topic X-Shopify-Webhook-Id" || !strings.HasPrefix(got.body, `{"cloudEventsVersion"`) {
		t.Errorf("got %+v", got)
	}
}

func userAgentKey(t *testing.T) {
	s, h := keyed(t, "profile: qlik, user_agent: 'me/1 (x)', secret: 0123456789abcdef0123456789abcdef")
	h.post("e1")
	if got := s.first(t, "/one"); got.header.Get("User-Agent") != "me/1 (x)" || got.header.Get("Qlik-Signature") == "" {
		t.Errorf("got %+v", got)
	}
}

// An address of this machine is reached only where its block is allowed; the
// reason says what would allow it.
func allowKey(t *testing.T) {
	s := newReceiver(t)
	h := newHost(t, "webhooks:\n"+hook(s, "one", "")+strings.Replace(hook(s, "other", ""), "127.0.0.0/8", "10.0.0.0/8", 1))
	h.post("e1")
	s.first(t, "/one")
	eventually(t, "the other fails", func() bool { return strings.Contains(h.standing("other").LastError, "allow: [127.0.0.0/8]") })
	if n := s.count("/other", "e1"); n > 0 {
		t.Errorf("%d requests to an address that is not allowed", n)
	}
}

// An http:// receiver is asked for through the proxy, which looks up its name.
func proxyKey(t *testing.T) {
	proxy := newReceiver(t)
	asked := make(chan string, 1)
	proxy.answer(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.RequestURI + " " + r.Header.Get("Proxy-Authorization")
	})
	user := strings.Replace(proxy.URL, "http://", "http://u:p@", 1)
	h := newHost(t, "webhooks:\n  - {name: one, url: 'http://receiver.test/x', events: [a.b], allow: [http], proxy: '"+user+"'}\n")
	h.post("e1")
	if got, want := <-asked, "http://receiver.test/x Basic dTpw"; got != want {
		t.Errorf("the proxy was asked for %s, want %s", got, want)
	}
	if got, want := h.attempts("e1", 1), "delivered 200"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
