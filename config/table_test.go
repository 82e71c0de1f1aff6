package config_test

import (
	"strings"
	"testing"

	"sidehook/config"
)

// Every key of a webhook has what the manual and a schema need.
func TestKeysAreDescribed(t *testing.T) {
	for _, key := range config.DescribedKeys() {
		t.Run(key.Name, func(t *testing.T) {
			if key.Doc == "" || strings.Contains(key.Doc, "\n") {
				t.Errorf("doc %q, want one line", key.Doc)
			}
			for _, word := range []string{"type", "enum", "anyOf"} {
				if key.Schema[word] != nil {
					return
				}
			}
			t.Errorf("schema %v, want a type, an enum or anyOf", key.Schema)
		})
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
