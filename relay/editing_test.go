package relay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sidehook/relay/admin"
	"sidehook/relay/console"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/editor"
)

// canary stands in the place of every secret.
const canary = "CaNaRy0123456789CaNaRy0123456789"

const plainHook = `webhooks:
  - name: crm   # the CRM
    url: https://crm.example.com/hooks
    events: ["order.*"]
    signature: none
`

// A webhook is added, changed, renamed, switched and removed, each in force when Save
// returns, and all else in the file stays.
func TestEditing(t *testing.T) {
	e := newEditing(t, plainHook, nil)
	ask := editor.Edit{Action: editor.Add, Secret: editor.SecretEdit{Mode: editor.Generate}, Set: []editor.Setting{
		{Key: "events", List: []string{"order.paid", "user.**"}}, {Key: "url", Text: "https://shop.example.com/?a=b"}, {Key: "name", Text: "shop"},
		{Key: "headers.X-Team", Text: "it's ours"}, {Key: "timeout", YAML: "20s"},
	}}
	r := e.review(ask)
	want := `+  - name: shop
+    url: https://shop.example.com/?a=***
+    events: [order.paid, user.**]
+    secret: ***
+    headers: {X-Team: it's ours}
+    timeout: 20s
`
	if got := changed(r); got != want {
		t.Errorf("the diff is\n%swant\n%s", got, want)
	}
	if want := "sidehook webhook add shop \\\n  --config " + e.path() + " \\\n  --url \"$URL\" \\\n  --event order.paid \\\n  --event 'user.**' \\\n  --header 'X-Team=it'\\''s ours' \\\n  --set timeout=20s \\\n  --generate-secret"; r.Command != want {
		t.Errorf("the command is\n%s\nwant\n%s", r.Command, want)
	}
	if r.Plan == nil || !reflect.DeepEqual(r.Plan.Added, []string{"shop"}) {
		t.Errorf("plan %+v", r.Plan)
	}
	saved := e.save(ask)
	if !strings.HasPrefix(saved.Secret, "whsec_") || !strings.Contains(e.read("webhooks.yaml"), "secret: "+saved.Secret+"\n") || saved.Name != "shop" {
		t.Errorf("saved %+v in\n%s", saved, e.read("webhooks.yaml"))
	}
	if form, err := e.Form(t.Context(), "shop"); err != nil || form.Secret != "set" || form.Key("url").Value != "https://shop.example.com/?a=***" {
		t.Errorf("form %+v, %v", form, err)
	}

	for _, test := range []struct {
		set           []editor.Setting
		diff, command string
	}{
		{[]editor.Setting{{Key: "enabled", YAML: "false"}}, "+    enabled: false\n", "sidehook webhook off crm --config " + e.path()},
		{[]editor.Setting{{Key: "paused", YAML: "true"}}, "+    paused: true\n", "sidehook webhook pause crm --config " + e.path()},
		{[]editor.Setting{{Key: "name", Text: "sales"}}, "-  - name: crm   # the CRM\n+  - name: sales   # the CRM\n+    was: crm\n", "sidehook webhook edit crm --config " + e.path() + " --set name=sales"},
	} {
		ask := editor.Edit{Action: editor.Change, Names: []string{"crm"}, Set: test.set}
		r := e.review(ask)
		if changed(r) != test.diff || strings.ReplaceAll(r.Command, " \\\n ", "") != test.command {
			t.Errorf("%v: got\n%s%s\nwant\n%s%s", test.set, changed(r), r.Command, test.diff, test.command)
		}
		e.save(ask)
	}
	r = e.review(editor.Edit{Action: editor.Remove, Names: []string{"sales", "shop"}})
	if want := "sidehook webhook remove sales --yes --config " + e.path() + "\nsidehook webhook remove shop --yes --config " + e.path(); r.Command != want || !reflect.DeepEqual(r.Plan.Removed, []string{"sales", "shop"}) {
		t.Errorf("got %s, plan %+v", r.Command, r.Plan)
	}
	e.save(editor.Edit{Action: editor.Remove, Names: []string{"sales", "shop"}})
	if text := e.read("webhooks.yaml"); !strings.HasSuffix(text, "webhooks: []\n") {
		t.Errorf("left is\n%s", text)
	}
	if log := e.logged.String(); strings.Count(log, "by=console") != 5 || strings.Contains(log, saved.Secret) || strings.Contains(log, "ours") {
		t.Errorf("logged\n%s", log)
	}
}

// Nothing that the editor returns or logs has a secret in it, whatever is done to them,
// and one that is not shown is kept.
func TestEditingHidesSecrets(t *testing.T) {
	text := strings.ReplaceAll(`defaults:
  headers: {Cookie: a=CANARY, X-Team: all}
  proxy: http://user:CANARY@proxy.example.com:3128
webhooks:
  # secret: CANARY
  - name: crm
    url: https://crm.example.com/hooks?key=CANARY
    events: ["order.*"]
    secret: CANARY # CANARY
    headers: {X-Api-Key: CANARY, X-Plain: shown}
    oauth2:
      token_url: https://login.example.com/?t=CANARY
      client_id: me
      client_secret: CANARY
      params: {password: CANARY}
  - {name: other, url: 'https://x.example.com/', events: ['**'], secret: [CANARY, CANARYx]}
`, "CANARY", canary)
	e := newEditing(t, text, nil)
	var said []any
	see := func(v any) { said = append(said, v) }
	form, err := e.Form(t.Context(), "crm")
	if err != nil {
		t.Fatal(err)
	}
	see(form)
	for key, want := range map[string]string{
		"url": "https://crm.example.com/hooks?key=***", "proxy": "http://***:***@proxy.example.com:3128", "secret": `"***"`,
		"headers": `{X-Api-Key: "***", X-Plain: shown}`,
		"oauth2":  `{token_url: "https://login.example.com/?t=***", client_id: me, client_secret: "***", params: {password: "***"}}`,
	} {
		if k := form.Key(key); k.Value != want || !k.Hidden {
			t.Errorf("%s is %q, want %q", key, k.Value, want)
		}
	}
	if form.Key("proxy").Origin != editor.FromDefaults || form.Key("oauth2").Origin != editor.FromEntry || form.Key("rate").Origin != editor.FromNowhere {
		t.Error("the origins are not right")
	}
	wantHeaders := []editor.Header{{Name: "X-Api-Key", Value: "***", Hidden: true, Origin: editor.FromEntry}, {Name: "X-Plain", Value: "shown", Hidden: false, Origin: editor.FromEntry}, {Name: "Cookie", Value: "***", Hidden: true, Origin: editor.FromDefaults}, {Name: "X-Team", Value: "all", Hidden: false, Origin: editor.FromDefaults}}
	if !reflect.DeepEqual(form.Headers, wantHeaders) {
		t.Errorf("headers %+v, want %+v", form.Headers, wantHeaders)
	}

	// All that is hidden is sent back as it was shown, beside one change.
	keep := editor.Edit{Action: editor.Change, Names: []string{"crm"}, Base: form.Base, Set: []editor.Setting{
		{Key: "url", Text: form.Key("url").Value}, {Key: "headers", YAML: form.Key("headers").Value},
		{Key: "oauth2", YAML: strings.Replace(form.Key("oauth2").Value, "client_id: me", "client_id: you", 1)},
	}}
	r := e.review(keep)
	see(r)
	if got := changed(r); strings.Contains(got, "url: https://crm") || !strings.Contains(got, "client_id: you") {
		t.Errorf("the diff is\n%s", got)
	}
	if !strings.Contains(r.Command, `--set oauth2="$OAUTH2"`) {
		t.Errorf("the command is %s", r.Command)
	}
	see(e.save(keep))
	if got := e.read("webhooks.yaml"); strings.Count(got, canary) != strings.Count(text, canary) || !strings.Contains(got, "client_id: you") {
		t.Errorf("the file is now\n%s", got)
	}

	replace := editor.Edit{Action: editor.Change, Names: []string{"crm"}, Secret: editor.SecretEdit{Mode: editor.Replace, Value: canary + "2"}}
	r = e.review(replace)
	see(r)
	if got, want := changed(r), "-    secret: *** # ***\n+    secret: *** # *** (another value)\n"; got != want {
		t.Errorf("the diff is\n%swant\n%s", got, want)
	}
	if !strings.Contains(r.Command, `--secret "$SECRET"`) {
		t.Errorf("the command is %s", r.Command)
	}
	see(e.save(replace))
	see(e.review(editor.Edit{Action: editor.Remove, Names: []string{"crm", "other"}}))
	bad, err := e.Review(t.Context(), editor.Edit{Action: editor.Change, Names: []string{"crm"}, Unset: []string{"url"}, Set: []editor.Setting{{Key: "user_agent", Text: "***"}}})
	if err != nil || len(bad.Problems) != 1 || bad.Problems[0].Key != "user_agent" {
		t.Errorf("got %+v, %v", bad, err)
	}
	see(bad)

	// Now the file is broken, in several ways.
	for _, broken := range []string{
		strings.Replace(e.read("webhooks.yaml"), "    secret:", "    secrt:", 1),
		strings.Replace(e.read("webhooks.yaml"), "    secret:", "    secret", 1),
		strings.Replace(e.read("webhooks.yaml"), "client_secret:", "client-secret:", 1),
	} {
		if err := os.WriteFile(e.path(), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		var c *console.Configuration
		eventually(t, "the edit is refused", func() bool {
			c, err = e.Configuration(t.Context())
			return err == nil && len(c.Errors()) > 0
		})
		see(c)
		if form, err := e.Form(t.Context(), "crm"); err == nil {
			see(form)
		}
		again, err := e.Review(t.Context(), editor.Edit{Action: editor.Change, Names: []string{"crm"}, Set: []editor.Setting{{Key: "paused", YAML: "true"}}})
		if err != nil {
			t.Error(err)
		} else {
			see(again)
		}
	}
	for _, v := range said {
		if text, err := json.Marshal(v); err != nil || strings.Contains(string(text), canary) {
			t.Errorf("a secret is shown in %T, or it cannot be encoded: %v", v, err)
		}
	}
	if strings.Contains(e.logged.String(), canary) {
		t.Error("a secret is logged")
	}
}

// An error of an edit is reported at its key, and nothing is written.
func TestEditingProblems(t *testing.T) {
	e := newEditing(t, plainHook+"  - &a {name: shared, url: 'https://x.example.com/', events: ['**'], signature: none}\n", nil)
	before := e.read("webhooks.yaml")
	set := func(settings ...editor.Setting) editor.Edit {
		return editor.Edit{Action: editor.Change, Names: []string{"crm"}, Set: settings}
	}
	for name, test := range map[string]struct {
		ask  editor.Edit
		want string // key: message
	}{
		"a url":        {set(editor.Setting{Key: "url", Text: "http://localhost:9000/"}), "url: must use https"},
		"a duration":   {set(editor.Setting{Key: "timeout", YAML: "5 parsecs"}), "timeout: must be a duration"},
		"no YAML":      {set(editor.Setting{Key: "retry", YAML: "[1s"}), "retry: is not valid YAML"},
		"a header":     {set(editor.Setting{Key: "headers.Host", Text: "x"}), "headers.Host: is set from"},
		"unknown":      {set(editor.Setting{Key: "timout", YAML: "5s"}), "timout: unknown key"},
		"a short one":  {editor.Edit{Action: editor.Change, Names: []string{"crm"}, Secret: editor.SecretEdit{Mode: editor.Replace, Value: "short"}}, "secret: must have 32"},
		"no reference": {editor.Edit{Action: editor.Change, Names: []string{"crm"}, Secret: editor.SecretEdit{Mode: editor.Refer, Value: "$X"}}, "secret: is not a reference"},
		"unset":        {editor.Edit{Action: editor.Change, Names: []string{"crm"}, Secret: editor.SecretEdit{Mode: editor.Refer, Value: "${NOT_SET_ANYWHERE}"}}, "secret: environment variable"},
		"required":     {editor.Edit{Action: editor.Change, Names: []string{"crm"}, Unset: []string{"events"}}, "events: is required"},
		"taken":        {editor.Edit{Action: editor.Add, Set: []editor.Setting{{Key: "name", Text: "crm"}}}, "name: there is a webhook"},
		"no name":      {editor.Edit{Action: editor.Add, Set: []editor.Setting{{Key: "url", Text: "https://x.example.com/"}, {Key: "events", List: []string{"a"}}}}, "name: is required"},
		"a bad name":   {editor.Edit{Action: editor.Add, Set: []editor.Setting{{Key: "name", Text: "A B"}}}, "name: must be 1 to 63"},
		"an anchor":    {editor.Edit{Action: editor.Change, Names: []string{"shared"}, Set: []editor.Setting{{Key: "paused", YAML: "true"}}}, ": " + e.path() + ":"},
		"a file":       {editor.Edit{Action: editor.Add, File: "x.yaml", Set: []editor.Setting{{Key: "name", Text: "new"}}}, "file: x.yaml is no file of include"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := e.Review(t.Context(), test.ask)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, p := range r.Problems {
				said += p.Key + ": " + p.Message + "\n"
			}
			if !strings.Contains("\n"+said, "\n"+test.want) {
				t.Errorf("got %q, want %q", said, test.want)
			}
			test.ask.Base = r.Base
			var problems *editor.ProblemsError
			if _, err := e.Save(t.Context(), test.ask); !errors.As(err, &problems) {
				t.Errorf("saved: %v", err)
			}
		})
	}
	if e.read("webhooks.yaml") != before {
		t.Error("the file has changed")
	}
	var missing *admin.NotFoundError
	if _, err := e.Review(t.Context(), editor.Edit{Action: editor.Remove, Names: []string{"nobody"}}); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
	if _, err := e.Form(t.Context(), "nobody"); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
	r, err := e.Review(t.Context(), set(editor.Setting{Key: "url", Text: "http://localhost:9000/"}))
	if err != nil || !reflect.DeepEqual(r.Allow, []string{"http", "any-host", "127.0.0.0/8"}) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// An edit is saved only on the files that were reviewed.
func TestEditingOfChangedFile(t *testing.T) {
	e := newEditing(t, plainHook, nil)
	ask := editor.Edit{Action: editor.Change, Names: []string{"crm"}, Set: []editor.Setting{{Key: "timeout", YAML: "9s"}}}
	ask.Base = e.review(ask).Base
	text := e.read("webhooks.yaml") + "# edited elsewhere\n"
	if err := os.WriteFile(e.path(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems *editor.ProblemsError
	if _, err := e.Save(t.Context(), ask); !errors.As(err, &problems) || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("got %v", err)
	}
	if r, err := e.Review(t.Context(), ask); err != nil || len(r.Problems) != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	if e.read("webhooks.yaml") != text {
		t.Error("the file was written")
	}
	ask.Base = ""
	if _, err := e.Save(t.Context(), ask); !errors.As(err, &problems) {
		t.Errorf("saved without a review: %v", err)
	}
}

// Webhooks of files of include are edited there, several files at once too.
func TestEditingIncluded(t *testing.T) {
	one := "webhooks:\n- {name: one, url: 'https://x.example.com/', events: ['**'], signature: none}\n"
	e := newEditing(t, "include: [d/*.yaml]\n"+plainHook, map[string]string{"d/one.yaml": one})
	form, err := e.Form(t.Context(), "one")
	if err != nil || form.File != filepath.Join(e.dir, "d/one.yaml") || !strings.HasPrefix(form.YAML, "- {name: one") {
		t.Errorf("form %+v, %v", form, err)
	}
	e.save(editor.Edit{Action: editor.Add, File: "d/two.yaml", Set: []editor.Setting{
		{Key: "name", Text: "two"}, {Key: "url", Text: "https://y.example.com/"}, {Key: "events", List: []string{"a"}}, {Key: "signature", Text: "none"},
	}})
	e.save(editor.Edit{Action: editor.Change, Names: []string{"one"}, Set: []editor.Setting{{Key: "description", Text: "number: 1"}}})
	if got := e.read("d/one.yaml"); !strings.Contains(got, `description: "number: 1"`) {
		t.Errorf("got\n%s", got)
	}
	c, err := e.Configuration(t.Context())
	if err != nil || len(c.Included) != 2 || c.Included[0].Webhooks != 1 || c.History.Bytes <= 0 {
		t.Errorf("got %+v, %v", c, err)
	}
	saved := e.save(editor.Edit{Action: editor.Remove, Names: []string{"one", "crm", "two"}})
	if len(saved.Files) != 3 {
		t.Errorf("got %+v", saved)
	}
}

// A refused edit is shown with the line of each problem.
func TestExcerpts(t *testing.T) {
	e := newEditing(t, plainHook, nil)
	text := strings.Replace(e.read("webhooks.yaml"), "https://crm", "http://crm", 1) + "    secret: " + canary + "\n"
	if err := os.WriteFile(e.path(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var c *console.Configuration
	eventually(t, "the edit is refused", func() bool {
		var err error
		c, err = e.Configuration(t.Context())
		return err == nil && len(c.Excerpts) == 1
	})
	want := []editor.Line{{Number: 2, Text: "webhooks:"}, {Number: 3, Text: "  - name: crm   # the CRM"}, {Number: 4, Text: "    url: http://crm.example.com/hooks", At: true}, {Number: 5, Text: `    events: ["order.*"]`}, {Number: 6, Text: "    signature: none"}}
	if got := c.Excerpts[0].Lines; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A review says what becomes of what waits, and what the webhook would have got.
func TestReviewOfEvents(t *testing.T) {
	s := newReceiver(t)
	e := newEditing(t, "webhooks:\n"+hook(s, "crm", ", paused: true"), nil)
	for i := range 3 {
		e.post(fmt.Sprintf("e%d", i))
	}
	for _, test := range []struct {
		ask    editor.Edit
		waits  string
		counts int // of crm after the edit, -1 for no change
	}{
		{editor.Edit{Action: editor.Remove}, "3 deliveries wait for crm. They are kept for 24h, in case the webhook comes back, and then end as canceled.", 0},
		{editor.Edit{Action: editor.Change, Set: []editor.Setting{{Key: "enabled", YAML: "false"}}}, "3 deliveries wait for crm. They stop until the webhook is on again. Events of that time are not kept for it.", 0},
		{editor.Edit{Action: editor.Change, Set: []editor.Setting{{Key: "name", Text: "new"}}}, "3 deliveries wait for crm. They move to new, in their order and before what is accepted later, with the whole retry schedule.", -1},
		{editor.Edit{Action: editor.Change, Set: []editor.Setting{{Key: "when", Text: `id == "e1"`}}}, "3 deliveries wait for crm. They wait until the webhook is resumed. Events of that time are kept for it.", 1},
		{editor.Edit{Action: editor.Change, Set: []editor.Setting{{Key: "paused", YAML: "false"}}}, "3 deliveries wait for crm. They go on with the new settings.", -1},
	} {
		test.ask.Names = []string{"crm"}
		r := e.review(test.ask)
		if len(r.Waiting) != 1 || r.Waiting[0] != test.waits {
			t.Errorf("got %q, want %q", r.Waiting, test.waits)
		}
		got := -1
		for _, c := range r.Plan.Counts {
			got = c.After
		}
		if got != test.counts || r.Plan.Events != 3 || r.Sampled {
			t.Errorf("%+v: plan %+v, want %d", test.ask, r.Plan, test.counts)
		}
	}
	form, err := e.Form(t.Context(), "")
	if err != nil || form.Catalogue || !reflect.DeepEqual(form.Resources, []catalogue.Resource{{Name: "As", Types: []catalogue.Type{{Type: "a.b", Name: "B"}}}}) {
		t.Errorf("form %+v, %v", form, err)
	}
}
