package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"sidehook/config"
	"sidehook/config/redact"
)

// Nothing that prints gives a secret away.
func TestRedaction(t *testing.T) {
	const secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t"
	t.Setenv("SECRET_OF_TEST", secret)
	f := load(t, `
listen: {token: "`+secret+`", read_token: "`+secret+`2"}
webhooks:
  - name: a
    url: https://a.example/x?token=`+secret+`
    events: [x]
    secret: [`+secret+`, "${SECRET_OF_TEST}"]
    headers: {Authorization: `+secret+`, x-api-KEY: `+secret+`, X-A: "Bearer ${SECRET_OF_TEST}"}
  - name: b
    url: https://b.example/${SECRET_OF_TEST}
    events: [x]
    secret: `+secret+`
    proxy: http://`+secret+`:x@proxy.example:3128
  - name: c
    url: https://c.example
    events: [x]
    signature: none
    proxy: socks5://a:${SECRET_OF_TEST}@proxy.example
    oauth2: {token_url: "https://a.example/${SECRET_OF_TEST}", client_id: a, client_secret: `+secret+`, params: {p: "${SECRET_OF_TEST}", token: `+"x"+`, api-key: `+secret+`}}
`, config.Run)

	type hidden struct {
		secret config.Secret
		url    config.URL
	}
	a, b := f.Webhooks[0], f.Webhooks[1]
	things := []any{
		f, *f, f.Listen, &f.Listen, f.Webhooks, *a, *b, f.Listen.Token, &f.Listen.Token, a.Secrets, a.URL, b.URL, &b.URL, a.Headers, a.Headers[2], b.Proxy, f.Webhooks[2].Proxy, b.TLS, f.Webhooks[2].OAuth2,
		hidden{f.Listen.Token, b.URL}, map[string]any{"x": a.Secrets[0]},
	}
	var out bytes.Buffer
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%t"} {
			fmt.Fprintf(&out, verb+"\n", thing)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "thing", thing)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "thing", thing)
		j, err := json.Marshal(thing)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		y, err := yaml.Marshal(thing)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(y)
		fmt.Fprintln(&out, fmt.Errorf("wrapped: %v", thing), errors.New(fmt.Sprint(thing)))
	}
	if err := f.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), "s3c"} {
		if i := strings.Index(out.String(), given); i >= 0 {
			t.Errorf("%q is shown: …%s", given, out.String()[max(0, i-100):i+len(given)])
		}
	}
	if !strings.Contains(out.String(), "***") {
		t.Error("nothing is shown as ***")
	}
}

func TestRedactedURL(t *testing.T) {
	t.Setenv("PART", "s3cr3t")
	for _, c := range []struct{ url, want string }{
		{"https://a.example", "https://a.example"},
		{"https://a.example/b/c", "https://a.example/b/c"},
		{"https://a.example?x=s3cr3t", "https://a.example?x=***"},
		{"https://a.example/b?x=s3cr3t&y=&s3cr3t&z=s3=cr3t", "https://a.example/b?x=***&y=***&***&z=***"},
		{"https://a.example/${PART}/b?c=d", "https://a.example/***"},
		{"https://a.example?x=${PART}", "https://a.example/***"},
		{"https://${PART}.example", "https://s3cr3t.example/***"},
	} {
		f := load(t, "webhooks:\n  - {name: a, url: '"+c.url+"', events: [x], signature: none}\n", config.Run)
		if got := f.Webhooks[0].URL.Redacted(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.url, got, c.want)
		}
	}
	t.Run("not filled in", func(t *testing.T) {
		for _, c := range []struct{ url, want string }{
			{"${UNSET_OF_TEST}", "***"},
			{"https://${UNSET_OF_TEST}/x", "***"},
			{"https://a.example/x/${UNSET_OF_TEST}", "https://a.example/***"},
		} {
			f := load(t, "webhooks:\n  - {name: a, url: '"+c.url+"', events: [x], signature: none}\n", config.Check)
			if got := f.Webhooks[0].URL.Redacted(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.url, got, c.want)
			}
		}
	})
}

// Equal and Digest see a change of every field but the description.
func TestWebhookEqual(t *testing.T) {
	make := func() config.Webhook {
		f := load(t, hook+"    secret: "+strings.Repeat("a", 32)+"\n    headers: {X-A: a}\n    allow: [10.0.0.0/8]\n    when: data.a\n    transform: data.b\n    proxy: http://a.example\n", config.Run)
		w := *f.Webhooks[0]
		config.SetAll(&w)
		return w
	}
	changes := map[string]func(*config.Webhook){
		"Rate":         func(w *config.Webhook) { w.Rate = config.Rate{Requests: 7, Per: time.Second} },
		"Order":        func(w *config.Webhook) { w.Order.By = "subject" },
		"Name":         func(w *config.Webhook) { w.Name = "b" },
		"Was":          func(w *config.Webhook) { w.Was = "b" },
		"URL":          func(w *config.Webhook) { w.URL = config.URL{} },
		"Match":        func(w *config.Webhook) { w.Match = config.Match{{Name: "tenant", Values: []string{"acme"}}} },
		"Events":       func(w *config.Webhook) { w.Events = nil },
		"When":         func(w *config.Webhook) { w.When = w.Transform },
		"Transform":    func(w *config.Webhook) { w.Transform = w.When },
		"Enabled":      func(w *config.Webhook) { w.Enabled = false },
		"Paused":       func(w *config.Webhook) { w.Paused = true },
		"Secrets":      func(w *config.Webhook) { w.Secrets[0] = redact.NewSecret("b") },
		"Headers":      func(w *config.Webhook) { w.Headers[0].Secret = true },
		"Profile":      func(w *config.Webhook) { w.Profile = "qlik" },
		"Format":       func(w *config.Webhook) { w.Format = "cloudevents" },
		"Signature":    func(w *config.Webhook) { w.Signature = []string{"qlik"} },
		"UserAgent":    func(w *config.Webhook) { w.UserAgent = "b" },
		"Timeout":      func(w *config.Webhook) { w.Timeout++ },
		"Retry":        func(w *config.Webhook) { w.Retry = []time.Duration{1} },
		"GiveUpOn":     func(w *config.Webhook) { w.GiveUpOn = []int{400} },
		"Concurrency":  func(w *config.Webhook) { w.Concurrency++ },
		"ExpireAfter":  func(w *config.Webhook) { w.ExpireAfter++ },
		"MaxBacklog":   func(w *config.Webhook) { w.MaxBacklog.Size++ },
		"DisableAfter": func(w *config.Webhook) { w.DisableAfter++ },
		"Allow":        func(w *config.Webhook) { w.Allow.Prefixes = nil },
		"TLS":          func(w *config.Webhook) { w.TLS.ServerName = "b" },
		"OAuth2":       func(w *config.Webhook) { w.OAuth2.ClientSecret = redact.NewSecret("b") },
		"Proxy":        func(w *config.Webhook) { w.Proxy = config.URL{} },
	}
	a, b := make(), make()
	b.Description = "another"
	if !a.Equal(&b) || a.Digest() != b.Digest() {
		t.Error("two readings of one entry differ")
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Webhook]()) {
		if field.Name == "Description" || !field.IsExported() {
			continue
		}
		b := make()
		if changes[field.Name] == nil {
			t.Errorf("no change of %s is tried", field.Name)
			continue
		}
		if changes[field.Name](&b); a.Equal(&b) || a.Digest() == b.Digest() {
			t.Errorf("a change of %s is not seen", field.Name)
		}
	}
}
