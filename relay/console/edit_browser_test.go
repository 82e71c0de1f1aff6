package console_test

import (
	"os"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

const eventTypes = `event_types:
  com.qlik.v1.app.created: An app was created
  com.qlik.v1.app.deleted: An app was deleted
  com.qlik.v1.user.created: A user was created
defaults:
  headers: {X-Team: all}
`

const crm = `webhooks:
  - name: crm   # the CRM
    url: https://crm.example.com/hooks?key=CANARY0123456789
    events: ["com.qlik.v1.app.*", com.qlik.v1.user.created]
    secret: CANARY0123456789CANARY0123456789CANARY
    headers: {X-Api-Key: CANARY0123456789, X-Plain: a}
`

// editor is a tab that may edit.
func editor(t *testing.T, r *consoletest.Relay, looks ...consoletest.Look) *consoletest.Tab {
	t.Helper()
	tab := browsers.Tab(t, looks...)
	tab.Go(browserLink(t, r, `{"edit":true}`))
	tab.WaitText("h1", "Webhooks")
	return tab
}

func fileOf(t *testing.T, r *consoletest.Relay) string {
	t.Helper()
	text, err := os.ReadFile(r.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBrowserCreates: the seed's dialog, with errors at the control, a review, and a
// secret that is shown once.
func TestBrowserCreates(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + "webhooks: []\n"})
	tab := editor(t, r)
	tab.ClickText("a.button", "Create new")
	tab.WaitPath("/new")
	tab.Fill("#f-name", "app-lifecycle")
	tab.Fill("#f-url", "http://localhost:9000/")
	tab.ClickText("button", "Review")
	tab.WaitText("#p-url", "must use https")
	if got := consoletest.Eval[string](tab, "document.activeElement.id + document.activeElement.getAttribute('aria-invalid')"); got != "f-urltrue" {
		t.Errorf("the focus is on %s", got)
	}
	if got := tab.Text(`[data-key="events"] .problem`); !strings.Contains(got, "is required") {
		t.Errorf("of the events: %q", got)
	}
	tab.WaitText("#p-allow", "write [http, any-host, 127.0.0.0/8]")
	tab.Fill("#f-url", "https://hooks.example.com/apps")
	tab.Click(`input[value="com.qlik.v1.app.deleted"]`)
	tab.Fill("#f-globs", "com.qlik.v1.user.*")
	tab.Fill(`.header:last-of-type [name="header-name"]`, "X-Of")
	tab.Fill(`.header:last-of-type [name="header-value"]`, "apps: ours")
	tab.ClickText("button", "Review")
	tab.WaitText("#review .diff", "events: [com.qlik.v1.app.deleted, com.qlik.v1.user.*]")
	tab.WaitText("#review .diff", "secret: ***")
	tab.WaitText("#command", "sidehook webhook add app-lifecycle")
	if strings.Contains(fileOf(t, r), "app-lifecycle") {
		t.Error("a review has written the file")
	}
	tab.ClickText("button", "Create")
	tab.WaitText("#review h2", "Saved")
	secret := tab.Text("#secret")
	text := fileOf(t, r)
	if !strings.HasPrefix(secret, "whsec_") || !strings.Contains(text, "secret: "+secret) || !strings.Contains(text, `headers: {X-Of: "apps: ours"}`) {
		t.Errorf("secret %q in\n%s", secret, text)
	}
	tab.Go(r.URL + "/webhooks/app-lifecycle/edit")
	if strings.Contains(tab.HTML(), secret) {
		t.Error("the secret is shown again")
	}
}

// TestBrowserEdits: what is hidden stays, a form that has changed since its review is
// not saved, and a rename writes was.
func TestBrowserEdits(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm})
	tab := editor(t, r)
	for _, path := range []string{"/webhooks/crm/edit", "/webhooks/crm/yaml", "/config", "/"} {
		tab.Go(r.URL + path)
		if strings.Contains(tab.HTML(), "CANARY") {
			t.Errorf("%s shows a secret", path)
		}
	}
	tab.Go(r.URL + "/webhooks/crm/edit")
	tab.Fill("#f-name", "sales")
	tab.Click(`[name="header-removed"]`)
	tab.ClickText("button", "Review")
	tab.WaitText("#review .diff", "was: crm")
	tab.Fill("#f-description", "Tells sales")
	if tab.Count("#review .diff") != 0 {
		t.Error("the review stays, but the form has changed")
	}
	tab.ClickText("button", "Review")
	tab.WaitText("#review .diff", "description: Tells sales")
	if strings.Contains(tab.HTML(), "CANARY") {
		t.Error("the review shows a secret")
	}
	tab.ClickText("#review button", "Save")
	tab.Wait("the page moves on", "!location.pathname.endsWith('/edit')")
	want := strings.NewReplacer("name: crm   # the CRM", "name: sales   # the CRM\n    was: crm\n    description: Tells sales", "X-Plain: a}", "X-Plain: a, X-Team: null}").Replace(eventTypes + crm)
	if got := fileOf(t, r); !strings.HasSuffix(got, want) {
		t.Errorf("the file is\n%s\nwant\n%s", got, want)
	}
}

// TestBrowserDeletes the webhooks that are checked, after a question.
func TestBrowserDeletes(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm + strings.ReplaceAll(strings.TrimPrefix(crm, "webhooks:\n"), "name: crm", "name: two")})
	tab := editor(t, r)
	tab.Click(`input[value="crm"]`)
	tab.Click(`input[value="two"]`)
	tab.ClickText("button", "Delete")
	tab.WaitText("dialog h2", "Delete 2 webhooks?")
	tab.ClickText("dialog button", "Keep")
	tab.Wait("the dialog closes", "!document.querySelector('dialog')")
	tab.ClickText("button", "Delete")
	tab.WaitText("dialog h2", "Delete 2 webhooks?")
	tab.ClickText("dialog button", "Delete")
	tab.WaitText("#webhooks", "No webhooks yet")
	if got := fileOf(t, r); !strings.HasSuffix(got, "webhooks: []\n") {
		t.Errorf("the file is\n%s", got)
	}
}

// TestBrowserSwitches a webhook by its menu, with the keyboard alone.
func TestBrowserSwitches(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm})
	tab := editor(t, r)
	for _, step := range []struct{ entry, state, line string }{
		{"Pause", "paused", "    paused: true\n"}, {"Resume", "active", "    paused: false\n"}, {"Disable", "off", "    enabled: false\n"}, {"Enable", "active", "    enabled: true\n"},
	} {
		consoletest.Eval[bool](tab, `document.querySelector('[data-menu="crm"]').focus(), true`)
		tab.Press("Enter")
		tab.Wait("the menu is open", `document.activeElement.textContent === "Edit"`)
		for i := 0; consoletest.Eval[string](tab, "document.activeElement.textContent") != step.entry; i++ {
			if tab.Press("Down"); i == 9 {
				t.Fatalf("there is no %s in %q", step.entry, tab.Text(".menu"))
			}
		}
		tab.Press("Enter")
		tab.WaitText("#w-crm .state", step.state)
		if text := fileOf(t, r); !strings.Contains(text, step.line) {
			t.Errorf("after %s the file is\n%s", step.entry, text)
		}
		if got := consoletest.Eval[string](tab, "document.activeElement.dataset.menu"); got != "crm" {
			t.Errorf("the focus is on %q", got)
		}
	}
	tab.Click(`[data-menu="crm"]`)
	tab.ClickText(".menu button", "Delete")
	tab.WaitText("dialog h2", "Delete crm?")
}

// TestBrowserGivesCommand: where the relay may not write the file, a page says what to
// run, and a session that may only look cannot review.
func TestBrowserGivesCommand(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm})
	if err := os.Mkdir(r.Dir+"/..data", 0o700); err != nil { // as in a ConfigMap
		t.Fatal(err)
	}
	tab := editor(t, r)
	tab.Go(r.URL + "/webhooks/crm/edit")
	tab.Fill("#f-description", "It's theirs")
	tab.ClickText("button", "Review")
	tab.WaitText("#review", "Kubernetes ConfigMap")
	tab.WaitText("#command", `--description 'It'\''s theirs'`)
	if tab.Count("[data-save]") > 0 {
		t.Error("there is a button to save")
	}
	tab.Go(r.URL + "/")
	tab.Click(`[data-menu="crm"]`)
	tab.ClickText(".menu button", "Pause")
	tab.WaitText("#said", "sidehook webhook pause crm")
	looking := browsers.Tab(t)
	looking.Go(browserLink(t, r, ""))
	looking.WaitText("h1", "Webhooks")
	looking.Go(r.URL + "/new")
	looking.WaitText(".banner", "sidehook console --edit")
	if looking.Count("button[type=submit]:disabled") != 1 {
		t.Error("the form can be sent")
	}
}

// TestBrowserShowsProblems of a file at their lines.
func TestBrowserShowsProblems(t *testing.T) {
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm})
	tab := editor(t, r)
	tab.Go(r.URL + "/config")
	tab.WaitText("h2", "No problems")
	r.Save(eventTypes + strings.Replace(crm, "https://crm", "http://crm", 1))
	tab.WaitText(".excerpt", "must use https")
	tab.WaitText(".lines .at", "url: http://crm.example.com/hooks?key=***")
	if strings.Contains(tab.HTML(), "CANARY") {
		t.Error("the page shows a secret")
	}
}

// TestBrowserEditAccessible: the pages have no fault that axe finds, also narrow and dark.
func TestBrowserEditAccessible(t *testing.T) {
	axe := consoletest.LoadAxe(t)
	r := consoletest.Start(t, consoletest.Setup{Listen: "console: edit", File: eventTypes + crm})
	for name, looks := range map[string][]consoletest.Look{"light": nil, "dark": {consoletest.Dark}, "narrow": {consoletest.Narrow}} {
		t.Run(name, func(t *testing.T) {
			tab := editor(t, r, looks...)
			for _, path := range []string{"/new", "/webhooks/crm/edit", "/webhooks/crm/yaml", "/config"} {
				tab.Go(r.URL + path)
				if path == "/webhooks/crm/edit" {
					tab.Click(".others > summary")
					tab.Fill("#f-timeout", "9s")
					tab.ClickText("button", "Review")
					tab.WaitText("#review .diff", "timeout: 9s")
				}
				tab.Screenshot("edit-" + name + strings.ReplaceAll(path, "/", "-"))
				for _, finding := range axe.Findings(tab) {
					t.Errorf("%s: %s", path, finding)
				}
				if wide := consoletest.Eval[int](tab, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
					t.Errorf("%s is %d px wider than the window", path, wide)
				}
			}
		})
	}
}
