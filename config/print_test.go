package config_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"sidehook/config"
)

func TestPrint(t *testing.T) {
	t.Setenv("TOKEN", "t0ken")
	f := load(t, `
listen: {http: off, token: "${TOKEN}", max_event_size: 1500KB}
event_types: {b: two, a: "1"}
defaults: {headers: {X-All: "$${a}", X-Key: b}}
webhooks:
  - name: a
    url: https://a.example/x?y=z
    events: [a]
    secret: [`+strings.Repeat("a", 32)+`, `+strings.Repeat("b", 32)+`]
    profile: qlik
    retry: [1h30m, 90s]
    give_up_on: [400, 422]
    disable_after: never
    allow: [http, 10.0.0.0/8]
`, config.Run)
	const want = `source: sidehook
listen:
  http: off
  socket: sidehook.sock
  socket_mode: "0660"
  token: '***'
  max_event_size: 1500KB
history:
  dir: history
  keep: 30d
  max_size: 10GiB
  response_body: 4KiB
  unmatched: keep
event_types:
  a: "1"
  b: two
webhooks:
  - name: a
    url: https://a.example/x?y=***
    events: [a]
    secret: ['***', '***']
    headers:
      X-All: $${a}
      X-Key: '***'
    enabled: true
    profile: qlik
    format: cloudevents-0.1
    signature: [qlik]
    user_agent: Qlik Webhook
    timeout: 15s
    retry: [1h30m, 1m30s]
    give_up_on: [400, 422]
    concurrency: 16
    disable_after: never
    allow: [http, 10.0.0.0/8]
`
	var got bytes.Buffer
	if err := f.Print(&got); err != nil || got.String() != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, &got, want)
	}
}

// The example validates as it stands. Each key that is commented out in it is
// refused as not supported yet, and every other is in it.
func TestExample(t *testing.T) {
	const path = "../webhooks.example.yaml"
	f, err := config.Load(path, config.Check)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(f.EventTypes), 8; got != want {
		t.Errorf("%d types of events, want %d", got, want)
	}
	for _, w := range f.Warnings {
		if !strings.Contains(w.Message, "is not set") && !strings.Contains(w.Message, "cannot be read") {
			t.Errorf("warns %v", w)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	commented := regexp.MustCompile(`(?m)^( +)# ((\w+): .*# not supported yet)`)
	found := map[string]bool{}
	for _, m := range commented.FindAllStringSubmatchIndex(text, -1) {
		key := text[m[6]:m[7]]
		found[key] = true
		// The key for those beside it, which would be given twice.
		edited := regexp.MustCompile(`(?m)^    (profile|format|signature): \w.*\n`).ReplaceAllString(text[:m[0]], "") +
			text[m[2]:m[3]] + text[m[4]:m[5]] + text[m[1]:]
		_, err := config.Parse(path, []byte(edited), config.Check)
		if got := fmt.Sprint(err); !strings.Contains(got, key+": ") || !strings.Contains(got, "not supported yet") {
			t.Errorf("%s: got %s", key, got)
		}
	}
	for _, where := range []string{"webhook", "history"} {
		for _, key := range config.Refused(where) {
			if !found[key] {
				t.Errorf("%s is not in the example as not supported yet", key)
			}
		}
	}
	for _, key := range config.Keys() {
		if !regexp.MustCompile(`(?m)^[ -]*` + key + `:`).MatchString(text) {
			t.Errorf("%s is not in the example", key)
		}
	}
}
