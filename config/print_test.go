package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sidehook/config"
)

func TestPrint(t *testing.T) {
	t.Setenv("TOKEN", "t0ken")
	path := filepath.Join(t.TempDir(), "c.json")
	write(t, path, `{"type": "object"}`)
	f := load(t, `
listen: {http: off, token: "${TOKEN}", read_token: abc, console: edit, max_event_size: 1500KB}
event_types: {b: two, a: "1", c: {schema: `+path+`, description: three}, d: {description: four}}
defaults: {headers: {X-All: "$${a}", X-Key: b}}
webhooks:
  - name: a
    url: https://a.example/x?y=z
    events: [a]
    match: {tenant: [acme], region: [us, 5], subject: yes}
    secret: [`+strings.Repeat("a", 32)+`, `+strings.Repeat("b", 32)+`]
    profile: qlik
    retry: [1h30m, 90s]
    give_up_on: [400, 422]
    rate: 600/m
    order: {by: data.id}
    expire_after: 36h
    max_backlog: 1500MiB
    disable_after: never
    allow: [http, 10.0.0.0/8]
    oauth2: {token_url: "https://l.example/t?a=b", client_id: "5", client_secret: "${TOKEN}", scopes: [a, b], params: {audience: x, hidden: "${TOKEN}"}}
    tls: {server_name: b.example}
    proxy: http://u:p@proxy:3128
`, config.Run)
	want := `source: sidehook
listen:
  http: off
  socket: sidehook.sock
  socket_mode: "0660"
  token: '***'
  read_token: '***'
  console: edit
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
  c:
    description: three
    schema: ` + path + `
  d: four
webhooks:
  - name: a
    url: https://a.example/x?y=***
    events: [a]
    match: {tenant: acme, region: [us, "5"], subject: yes}
    secret: ['***', '***']
    headers:
      X-All: $${a}
      X-Key: '***'
    enabled: true
    paused: false
    profile: qlik
    format: cloudevents-0.1
    signature: [qlik]
    user_agent: Qlik Webhook
    timeout: 15s
    retry: [1h30m, 1m30s]
    give_up_on: [400, 422]
    concurrency: 16
    rate: 600/m
    order: {by: data.id}
    expire_after: 1d12h
    max_backlog: 1500MiB
    disable_after: never
    allow: [http, 10.0.0.0/8]
    oauth2:
      token_url: https://l.example/t?a=***
      client_id: "5"
      client_secret: '***'
      scopes: [a, b]
      params:
        audience: x
        hidden: '***'
    tls:
      server_name: b.example
    proxy: http://***@proxy:3128
`
	var got bytes.Buffer
	if err := f.Print(&got); err != nil || got.String() != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, &got, want)
	}
}

// The example validates as it stands, and every key is in it.
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
		// A proxy is always warned of.
		if !strings.Contains(w.Message, "is not set") && !strings.Contains(w.Message, "cannot be read") && !strings.HasSuffix(w.Path, ".proxy") {
			t.Errorf("warns %v", w)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, key := range config.DeclaredKeys() {
		if !regexp.MustCompile(`(?m)^[ #-]*` + key.Name + `:`).MatchString(text) {
			t.Errorf("%s is not in the example", key.Name)
		}
	}
}
