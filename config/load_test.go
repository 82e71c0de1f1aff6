package config_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

// load judges text as webhooks.yaml and fails if it is refused.
func load(t *testing.T, text string, mode config.Mode) *config.File {
	t.Helper()
	f, err := config.Parse("webhooks.yaml", []byte(text), mode)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUnset(t *testing.T) {
	f := load(t, hook, config.Run)
	if got, want := f.Source, "sidehook"; got != want {
		t.Errorf("source %q, want %q", got, want)
	}
	listen := config.Listen{HTTP: "127.0.0.1:4665", Socket: "sidehook.sock", SocketMode: 0o660, Console: config.ConsoleView, MaxEventSize: 1 << 20}
	if f.Listen != listen {
		t.Errorf("listen %+v, want %+v", f.Listen, listen)
	}
	history := config.History{Dir: "history", Keep: 30 * 24 * time.Hour, MaxSize: 10 << 30, ResponseBody: 4096}
	if f.History != history {
		t.Errorf("history %+v, want %+v", f.History, history)
	}
	if f.EventTypes != nil {
		t.Errorf("a catalogue %v, want none", f.EventTypes)
	}
}

func TestGiven(t *testing.T) {
	f := load(t, `
source: /my/app
listen: {http: off, socket: run/s.sock, socket_mode: 0600, token: 1234567, read_token: abc, console: off, max_event_size: 64KiB}
history: {dir: /var/lib/sidehook, keep: 1d, max_size: 32MiB, response_body: 0, unmatched: drop}
event_types: {1.2: a version, com.example.a: }
webhooks:
  - name: 1.10
    was: former
    description: no
    url: http://[::1]:80/?a=b
    events: ["**", sidehook.webhook.*]
    secret: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, 0123456789012345]
    headers: {X-Number: 010}
    enabled: false
    profile: qlik
    format: cloudevents
    signature: [standard]
    timeout: 1m30s
    retry: []
    concurrency: 1024
    expire_after: 90m
    max_backlog: 100MiB
    allow: [http, any-host, short-secret, 10.0.0.0/8, "fd00::/8"]
`, config.Run)
	w := f.Webhooks[0]
	for _, c := range []struct{ got, want string }{
		{f.Source, "/my/app"},
		{fmt.Sprintf("%q", []string{f.Listen.HTTP, f.Listen.Socket, f.Listen.Token.Reveal(), f.Listen.ReadToken.Reveal()}), `["" "run/s.sock" "1234567" "abc"]`},
		{fmt.Sprint(f.Listen.SocketMode, f.Listen.Console, f.Listen.MaxEventSize), "-rw-------off65536"},
		{fmt.Sprint(f.History), "{/var/lib/sidehook 24h0m0s 33554432 0 true}"},
		{fmt.Sprint(f.EventTypes), "map[1.2:{a version <nil>} com.example.a:{ <nil>}]"},
		{words(w.Name, w.Was, w.Description, w.URL.Reveal(), w.Events), "1.10 former no http://[::1]:80/?a=b [** sidehook.webhook.*]"},
		{w.Secrets[0].Reveal() + w.Secrets[1].Reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0123456789012345"},
		{words(w.Headers, w.Enabled, w.Profile, w.Format, w.Signature), "[X-Number: 010] false qlik cloudevents [standard]"},
		{fmt.Sprint(w.ExpireAfter, w.MaxBacklog.Age, w.MaxBacklog.Size), "1h30m0s 0s 104857600"},
		{fmt.Sprint(w.Timeout, w.Retry, w.Concurrency, w.Allow), "1m30s [] 1024 {true true true [10.0.0.0/8 fd00::/8]}"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	f := load(t, `
webhooks:
  - {name: a, url: https://a.example, events: [x], signature: none}
  - name: b
    url: http://a.example
    events: [x]
    secret: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    headers: {x-TEAM: b, X-Own: c, X-Gone: null}
    retry: [1s]
    allow: [http]
    profile: standard
    user_agent: b/1
defaults:
  secret: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, dddddddddddddddddddddddddddddddd]
  headers: {X-Team: a, X-Gone: a, X-All: a}
  enabled: false
  profile: qlik
  timeout: 3s
  retry: [2s, 3s]
  concurrency: 2
  allow: [10.0.0.0/8]
`, config.Run)
	show := func(w *config.Webhook) string {
		var secrets []string
		for _, s := range w.Secrets {
			secrets = append(secrets, s.Reveal()[:1])
		}
		return words(w.Name, secrets, w.Headers, w.Enabled, w.Profile, w.Format, w.Signature, w.UserAgent, w.Timeout, w.Retry, w.Concurrency, w.Allow)
	}
	want := []string{
		"a [a d] [X-Team: a X-Gone: a X-All: a] false qlik cloudevents-0.1 [none] Qlik Webhook 3s [2s 3s] 2 {false false false [10.0.0.0/8]}",
		"b [b] [X-All: a x-TEAM: b X-Own: c] false standard standard [standard] b/1 3s [1s] 2 {true false false []}",
	}
	for i, w := range f.Webhooks {
		if got := show(w); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

// A key of the webhook comes before what the profile sets.
func TestProfilesGiveWay(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"profile: shopify, signature: [shopify, standard], format: cloudevents-binary", "cloudevents-binary [shopify standard] "},
		{"profile: qlik, format: standard, signature: standard, user_agent: me", "standard [standard] me"},
	} {
		w := load(t, "webhooks:\n  - {name: a, url: https://a.example, events: [x], "+c.keys+"}\n", config.Run).Webhooks[0]
		if got := fmt.Sprint(w.Format, " ", w.Signature, " ", w.UserAgent); got != c.want {
			t.Errorf("%s: got %q, want %q", c.keys, got, c.want)
		}
	}
}

// An anchor serves as it does elsewhere: as a value, and merged.
func TestAnchors(t *testing.T) {
	f := load(t, `
defaults: {retry: &waits [1s, 2s]}
webhooks:
  - &first
    name: a
    url: https://a.example
    events: &types [x, y]
    signature: none
    headers: &team {X-Team: a}
  - {name: b, url: https://b.example, events: *types, retry: *waits, signature: none, headers: {<<: *team, X-B: b}}
  - {<<: *first, name: c}
  - {<<: [{name: no, timeout: 2s}, *first], name: d}
`, config.Run)
	var got []string
	for _, w := range f.Webhooks {
		got = append(got, words(w.Name, w.URL, w.Events, w.Retry, w.Headers, w.Timeout))
	}
	want := []string{
		"a https://a.example [x y] [1s 2s] [X-Team: a] 15s",
		"b https://b.example [x y] [1s 2s] [X-B: b X-Team: a] 15s",
		"c https://a.example [x y] [1s 2s] [X-Team: a] 15s",
		"d https://a.example [x y] [1s 2s] [X-Team: a] 2s",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWarnings(t *testing.T) {
	f := load(t, `
defaults: {headers: {X-A: a}}
webhooks:
  - {name: a, url: https://a.example, events: [x], headers: {X-B: null}}
`, config.Run)
	want := `webhooks.yaml:4:5: warning: webhooks[0] (a): no secret: requests will be unsigned; set secret, or signature: none if that is meant
webhooks.yaml:4:67: warning: webhooks[0] (a).headers.X-B: removes nothing: defaults have no such header; remove it`
	if got := f.Warnings.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// An order is doubtful where one delivery may hold up the others for more than an
// hour, whichever of the two keys says so, and once if that is the defaults.
func TestOrderWithLongWaits(t *testing.T) {
	const webhook = "  - {name: %s, url: https://a.example, events: [x], signature: none%s}\n"
	const says, hint = " with this order a failing delivery holds up those after it for ", " in all; shorten the waits of retry to 1h if that is too long"
	for _, c := range []struct{ name, text, want string }{
		{"of a webhook", "webhooks:\n" + fmt.Sprintf(webhook, "a", ", order: all"), "webhooks.yaml:2:76: warning: webhooks[0] (a).order:" + says + "3d3h35m5s" + hint},
		{"of one key", "webhooks:\n" + fmt.Sprintf(webhook, "a", ", order: {by: subject}, retry: [30m, 31m]"), "webhooks.yaml:2:76: warning: webhooks[0] (a).order:" + says + "1h1m" + hint},
		{"of the defaults", "defaults: {order: all}\nwebhooks:\n" + fmt.Sprintf(webhook, "a", "") + fmt.Sprintf(webhook, "b", ""), "webhooks.yaml:1:19: warning: defaults.order:" + says + "3d3h35m5s" + hint},
		{"of other waits", "defaults: {order: all, retry: [1m]}\nwebhooks:\n" + fmt.Sprintf(webhook, "a", "") + fmt.Sprintf(webhook, "b", ", retry: [2h]"), "webhooks.yaml:4:76: warning: webhooks[1] (b).retry:" + says + "2h" + hint},
		{"of no webhook", "defaults: {order: all}\nwebhooks:\n" + fmt.Sprintf(webhook, "a", ", order: none") + fmt.Sprintf(webhook, "b", ", retry: [1h]"), ""},
		{"none", "webhooks:\n" + fmt.Sprintf(webhook, "a", ", order: none"), ""},
		{"not longer", "webhooks:\n" + fmt.Sprintf(webhook, "a", ", order: all, retry: [30m, 30m]"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := load(t, c.text, config.Run).Warnings.Error(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestRetryLongerThanKeep(t *testing.T) {
	const rest = "  - {name: a, url: https://a.example, events: [x], signature: none%s}\n"
	for _, c := range []struct{ name, text, want string }{
		{"of a webhook", "history: {keep: 1h}\ndefaults: {retry: [1m]}\nwebhooks:\n" + fmt.Sprintf(rest, ", retry: [59m, 2m]"),
			"webhooks.yaml:4:76: warning: webhooks[0] (a).retry: the waits of retry, 1h1m in all, are longer than history.keep, 1h; shorten the waits, or raise history.keep"},
		{"of the defaults", "history: {keep: 1h}\ndefaults: {retry: [2h]}\nwebhooks:\n" + fmt.Sprintf(rest, ""),
			"webhooks.yaml:2:19: warning: defaults.retry: the waits of retry, 2h in all, are longer than history.keep, 1h; shorten the waits, or raise history.keep"},
		{"of no file", "history: {keep: 3d}\nwebhooks:\n" + fmt.Sprintf(rest, ""),
			"webhooks.yaml:1:10: warning: history: the waits of retry, 3d3h35m5s in all, are longer than history.keep, 3d; shorten the waits, or raise history.keep"},
		{"of no webhook", "history: {keep: 3d}\nwebhooks:\n" + fmt.Sprintf(rest, ", retry: [1m]"), ""},
		{"not longer", "history: {keep: 1h}\nwebhooks:\n" + fmt.Sprintf(rest, ", retry: [1h]"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := load(t, c.text, config.Run).Warnings.Error(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("SIDEHOOK_CONFIG", "")
	if path, err := config.Find(""); err == nil && path != "/etc/sidehook/webhooks.yaml" {
		t.Errorf("found %q where there is none", path)
	}
	write(t, "webhooks.yaml", hook)
	for _, c := range []struct{ flag, env, want string }{
		{"", "", "webhooks.yaml"},
		{"", "env.yaml", "env.yaml"},
		{"flag.yaml", "env.yaml", "flag.yaml"},
	} {
		t.Setenv("SIDEHOOK_CONFIG", c.env)
		if got, err := config.Find(c.flag); got != c.want || err != nil {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

// words prints values with a space between them.
func words(values ...any) string { return strings.TrimSuffix(fmt.Sprintln(values...), "\n") }

// write writes a file at a time of its own, in the time of the test. Two edits
// within a tick of the kernel's clock could look alike.
func write(t *testing.T, path, text string) {
	t.Helper()
	time.Sleep(time.Nanosecond)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// A webhook may undo what defaults set.
func TestDefaultsLifted(t *testing.T) {
	f := load(t, hook+"    expire_after: never\n    max_backlog: none\n    disable_after: never\ndefaults: {expire_after: 1h, max_backlog: 1h, disable_after: 1h}\n", config.Run)
	if w := f.Webhooks[0]; w.ExpireAfter != 0 || w.MaxBacklog != (config.Backlog{}) || w.DisableAfter != 0 {
		t.Errorf("got %v, %v, %v; want none of them", w.ExpireAfter, w.MaxBacklog, w.DisableAfter)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
