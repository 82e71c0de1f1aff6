package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

// Every key has what the manual and a schema need, and its example is accepted.
func TestDeclaredKeys(t *testing.T) {
	t.Setenv("SIDEHOOK_TOKEN", "t0ken")
	t.Setenv("SIDEHOOK_READ", "r3ad")
	t.Setenv("APPS_SECRET", plainSecret)
	t.Setenv("APP_DATABASE", "postgres://u:p@db.example/app")
	t.Setenv("SIDEHOOK_DATABASE", "postgres://u:p@db.example/sidehook")
	t.Setenv("CRM_CLIENT_SECRET", "client-s3cret")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "schemas"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "schemas", "app-deleted.json"), `{"type": "object"}`)
	material(t, dir, "ca", time.Now().Add(30*time.Minute))
	for _, key := range config.DeclaredKeys() {
		t.Run(key.Section+"."+key.Name, func(t *testing.T) {
			if !strings.HasSuffix(key.Doc, ".") || strings.Contains(key.Doc, "\n") {
				t.Errorf("doc %q, want one sentence", key.Doc)
			}
			if key.Schema["type"] == nil && key.Schema["enum"] == nil && key.Schema["anyOf"] == nil {
				t.Errorf("schema %v, want a type, an enum or anyOf", key.Schema)
			}
			if key.Name == "cert_file" || key.Name == "key_file" {
				return // each needs the other
			}
			if key.Example == "" {
				if key.Schema["type"] != "object" && key.Schema["type"] != "array" {
					t.Error("no example")
				}
				return
			}
			text := key.Name + ": " + key.Example + "\n"
			switch key.Section {
			case "listen", "history", "outbox", "cluster":
				text = key.Section + ":\n  " + text
				if key.Section == "cluster" && key.Name != "postgres" {
					text += "  postgres: postgres://db.example/a\n"
				}
			case "oauth2":
				whole := ""
				for _, other := range []string{"token_url: https://login.example.com", "client_id: a", "client_secret: b"} {
					if !strings.HasPrefix(other, key.Name+":") {
						whole += "      " + other + "\n"
					}
				}
				text = hook + "    oauth2:\n" + whole + "      " + text
			case "event_types":
				text = "event_types:\n  a.b:\n    " + text
			case "tls":
				text = hook + "    tls:\n      " + text
			case "webhooks":
				// The key replaces that of the hook.
				lines := slices.DeleteFunc(strings.Split(hook, "\n"), func(line string) bool {
					return strings.HasPrefix(strings.TrimLeft(line, " -"), key.Name+":")
				})
				text = "webhooks:\n  -\n" + strings.ReplaceAll(strings.Join(lines[1:], "\n"), "  - ", "    ") + "    " + text
			}
			if f, said := loadIn(t, dir, text, config.Run); f == nil {
				t.Errorf("%s is refused: %s", text, said)
			}
		})
	}
}

// The schema of the file holds every key with its documentation, and the defaults
// as the file has them.
func TestSchema(t *testing.T) {
	text := config.Schema()
	type object struct {
		Properties map[string]json.RawMessage
		Items      json.RawMessage
	}
	at := func(from []byte, path ...string) (found struct {
		Description string
		Default     any
		Type        any
	}) {
		for _, name := range path {
			var o object
			if err := json.Unmarshal(from, &o); err != nil {
				t.Fatal(err)
			}
			if from = o.Properties[name]; name == "[]" {
				from = o.Items
			}
		}
		if err := json.Unmarshal(from, &found); err != nil {
			t.Fatalf("%v: %v", path, err)
		}
		return found
	}
	for _, c := range []struct {
		path string
		want any
	}{
		{"source", "sidehook"},
		{"listen http", "127.0.0.1:4665"},
		{"listen socket_mode", "0660"},
		{"listen token", nil},
		{"history keep", "30d"},
		{"history response_body", "4KiB"},
		{"history unmatched", "keep"},
		{"cluster lease", "10s"},
		{"cluster sync", "require"},
		{"cluster spool", false},
		{"defaults timeout", "15s"},
		{"webhooks [] concurrency", 16.0},
		{"webhooks [] enabled", true},
		{"webhooks [] order", "none"},
		{"webhooks [] disable_after", "5d"},
		{"webhooks [] expire_after", "never"},
		{"webhooks [] tls server_name", nil},
	} {
		got := at(text, strings.Fields(c.path)...)
		if got.Description == "" || got.Default != c.want {
			t.Errorf("%s: got %+v, want the default %v", c.path, got, c.want)
		}
	}
}

// A digest is stored, so the next version must compute the same for the same
// webhook: otherwise it takes every webhook for edited.
func TestDigestStays(t *testing.T) {
	f := load(t, `
webhooks:
  - name: one
    was: zero
    description: text
    url: https://hooks.example.com/apps?a=b&c
    events: ["com.a", "com.*"]
    when: data.a == 1 && type < "z"
    transform: '{"a": data.b}'
    secret: [whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz, "0123456789abcdef0123456789abcdef"]
    headers: {X-Team: data, Authorization: secret}
    enabled: false
    paused: true
    profile: github
    format: cloudevents
    signature: [standard, github]
    user_agent: me/1
    timeout: 1m
    retry: []
    give_up_on: [400, 422]
    concurrency: 32
    rate: 100/s
    order: {by: data.x}
    expire_after: 1h
    max_backlog: 5MiB
    disable_after: never
    allow: [http, any-host, short-secret, 10.0.0.0/8, 'fd00::/8']
    tls: {server_name: a.example}
    proxy: http://u:p@proxy.example.com:3128
  - {name: two, url: "https://a.example", events: [a]}
`, config.Run)
	for i, want := range []string{"0fea2b3cbe2526d0ddc20498125441d4", "54d1b516d90c8fad39a87510221dd92c"} {
		if got := f.Webhooks[i].Digest(); got != want {
			t.Errorf("digest of %s is %s, want %s", f.Webhooks[i].Name, got, want)
		}
	}
}
