package mask_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sidehook/config/edit"
	"sidehook/config/mask"
)

// canary stands in the place of every secret.
const canary = "CaNaRy0123456789CaNaRy0123456789"

// A secret is not shown, wherever the file has it; the rest is, and each line stays.
func TestText(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"secret":           {"webhooks:\n- name: a\n  secret: CANARY # for a\n", "webhooks:\n- name: a\n  secret: *** # for a\n"},
		"quoted":           {"webhooks:\n- {name: a, secret: 'CANARY'}\n", "webhooks:\n- {name: a, secret: ***}\n"},
		"several":          {"webhooks:\n- name: a\n  secret:\n    - CANARY\n    - ${NEXT}\n", "webhooks:\n- name: a\n  secret:\n    - ***\n    - ${NEXT}\n"},
		"literal":          {"webhooks:\n- name: a\n  secret: |\n    CANARY\n    CANARY\n  paused: true\n", "webhooks:\n- name: a\n  secret: ***\n    ***\n    ***\n  paused: true\n"},
		"reference":        {"webhooks:\n- {name: a, secret: '${A_SECRET}'}\n", "webhooks:\n- {name: a, secret: '${A_SECRET}'}\n"},
		"no reference":     {"webhooks:\n- {name: a, secret: '${whsec_CANARY}'}\n", "webhooks:\n- {name: a, secret: ***}\n"},
		"defaults":         {"defaults: {secret: CANARY}\n", "defaults: {secret: ***}\n"},
		"tokens":           {"listen:\n  token: CANARY\n  read_token: CANARY\n  http: off\n", "listen:\n  token: ***\n  read_token: ***\n  http: off\n"},
		"headers":          {"webhooks:\n- headers:\n    X-Team: data\n    Authorization: Bearer CANARY\n    X-Api-Key: CANARY\n    Cookie: Bearer ${T}\n", "webhooks:\n- headers:\n    X-Team: data\n    Authorization: ***\n    X-Api-Key: ***\n    Cookie: Bearer ${T}\n"},
		"query":            {"webhooks:\n- url: https://x.example.com/a?key=CANARY&b=${B}\n", "webhooks:\n- url: https://x.example.com/a?key=***&b=${B}\n"},
		"user info":        {"webhooks:\n- proxy: http://me:CANARY@proxy:3128\n", "webhooks:\n- proxy: http://***:***@proxy:3128\n"},
		"database":         {"outbox: {postgres: 'postgres://me:CANARY@db/app?sslpassword=CANARY'}\n", "outbox: {postgres: postgres://***:***@db/app?sslpassword=***}\n"},
		"databases":        {"outbox:\n  postgres:\n  - postgres://u:CANARY/x@db/app\n  - ${DB}\n", "outbox:\n  postgres:\n  - ***\n  - ${DB}\n"},
		"oauth2":           {"webhooks:\n- oauth2: {token_url: 'https://x/t?a=CANARY', client_id: me, client_secret: CANARY, params: {password: CANARY, audience: b}}\n", "webhooks:\n- oauth2: {token_url: https://x/t?a=***, client_id: me, client_secret: ***, params: {password: ***, audience: b}}\n"},
		"unknown key":      {"webhooks:\n- secrt: CANARY\ntokn: CANARY\n", "webhooks:\n- secrt: ***\ntokn: ***\n"},
		"wrong kind":       {"webhooks:\n- secret: {a: CANARY}\n- headers: ['A: CANARY']\n- CANARY\n- name: {CANARY: x}\n", "webhooks:\n- secret: {***: ***}\n- headers: [***]\n- ***\n- name: {***: ***}\n"},
		"alias":            {"webhooks:\n- description: &d CANARY\n- secret: *d\n", "webhooks:\n- description: &d ***\n- secret: *d\n"},
		"merge":            {"webhooks:\n- match: &m {secret: CANARY}\n- <<: *m\n", "webhooks:\n- match: &m {secret: ***}\n- <<: *m\n"},
		"elsewhere":        {"# CANARY\nwebhooks:\n- description: not CANARY\n  secret: CANARY\n", "# ***\nwebhooks:\n- description: not ***\n  secret: ***\n"},
		"in a comment":     {"webhooks: []\n# - {name: old, secret: CANARY}\n# secret: short\n# of apps, since 2024\n", "webhooks: []\n# - {name: old, secret: ***\n# secret: ***\n# of apps, since 2024\n"},
		"only a comment":   {"# token: CANARY\n", "# token: ***\n"},
		"a wrong place":    {"webhooks:\n- description: whsec_CANARY\n", "webhooks:\n- description: ***\n"},
		"kept as it is":    {"webhooks:\n  - name: a   # one\n    events: [\"*\", b]\n    retry: [1s, 5m]\n    order: {by: data.id}\n", "webhooks:\n  - name: a   # one\n    events: [\"*\", b]\n    retry: [1s, 5m]\n    order: {by: data.id}\n"},
		"not YAML":         {"webhooks:\n- name: a\n  secret: CANARY\n  url: https://CANARY\n  headers: {a: 'CANARY}\n  timeout: 5s\n  b:\nCANARY\n", "webhooks:\n- name: a\n  secret: ***\n  url: ***\n  headers: ***\n  timeout: 5s\n  ***\n***\n"},
		"not YAML, nested": {"webhooks:\n- name: a\n  secret: |\n    name: canary\n  timeout: [\n", "webhooks:\n- name: a\n  secret: ***\n    ***\n  timeout: ***\n"},
		"with CR":          {"webhooks:\r\n- name: a\r\n  secret: CANARY\r\n", "webhooks:\r\n- name: a\r\n  secret: ***\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(mask.Text([]byte(strings.ReplaceAll(test.text, "CANARY", canary))))
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if strings.Contains(got, canary) {
				t.Error("the secret is shown")
			}
		})
	}
}

// The value of a key in a form has no secret either.
func TestKey(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"timeout", "5s", "5s"},
		{"secret", canary, `"***"`},
		{"url", "https://x.example.com/?a=" + canary, "https://x.example.com/?a=***"},
		{"headers", "{X-Team: a, Authorization: " + canary + "}", `{X-Team: a, Authorization: "***"}`},
		{"oauth2", "{client_id: a, client_secret: " + canary + "}", `{client_id: a, client_secret: "***"}`},
		{"secrt", canary, `"***"`},
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(test.value), &n); err != nil {
			t.Fatal(err)
		}
		shown := mask.Key(test.key, n.Content[0])
		if got := edit.Line(shown.Node); got != test.want || shown.Hidden != strings.Contains(test.want, "***") {
			t.Errorf("%s: %s is shown as %s, want %s", test.key, test.value, got, test.want)
		}
	}
}

// Whatever the text is, each line stays on its line, and a secret that config reads is
// not shown.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"webhooks:\n- name: a\n  secret: CANARY\n  headers: {Authorization: CANARY}\n",
		"listen: {token: CANARY}\n", "defaults:\n  secret: >-\n    CANARY\n", "webhooks: [{secret: [CANARY, 'CANARY']}]\n", "a: &a {secret: CANARY}\nwebhooks: [*a]\n",
		"webhooks:\n- secret: !!str CANARY # b\r\n", "webhooks:\n- ? secret\n  : CANARY\n", "\ufeffwebhooks:\n- secret: \"CANARY\\\n   \"\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, canary) {
			t.Skip()
		}
		text = strings.ReplaceAll(text, "CANARY", canary)
		got := string(mask.Text([]byte(text)))
		if strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("other lines:\n%s", got)
		}
		var file struct {
			Listen   map[string]any
			Webhooks []map[string]any
		}
		if yaml.Unmarshal([]byte(text), &file) != nil {
			return
		}
		secrets := []any{file.Listen["token"]}
		for _, w := range file.Webhooks {
			secrets = append(secrets, w["secret"])
		}
		for _, s := range secrets {
			if s, ok := s.(string); ok && len(s) >= 16 && s == canary && strings.Contains(got, canary) {
				t.Errorf("the secret is shown in:\n%s", got)
			}
		}
	})
}
