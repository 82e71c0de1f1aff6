package consoletest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// file returns webhooks.yaml as it is now.
func (s *scene) file(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCreate: from Create new to a delivery that is signed by the secret that was shown.
func TestCreate(t *testing.T) {
	s := empty(t)
	tab := s.signedIn(t)
	tab.ClickText("a", "Create new")
	tab.WaitPath("/new")
	tab.Fill("[name=name]", "app-lifecycle")
	tab.Fill("[name=description]", "Which apps come and go")
	tab.Fill("[name=url]", s.receiver.URL+"/app-lifecycle")
	tab.Fill("[name=header-name]", "X-Team")
	tab.Fill("[name=header-value]", "data")
	tab.Click(`[name=events][value="com.qlik.v1.app.created"]`)
	tab.Click(`[name=events][value="com.qlik.v1.app.deleted"]`)

	// An error stands at what caused it.
	tab.ClickText("button", "Review")
	tab.WaitText(`[data-key=url] .problem`, "https")
	tab.Screenshot("new-problem")

	tab.WaitText("[data-key=allow] .problem", "[http, any-host, 127.0.0.0/8]") // which opens the other keys
	tab.Fill("[name=allow]", "[http, any-host, 127.0.0.0/8]")
	tab.ClickText("button", "Review")
	tab.WaitText("#review", "+   - name: app-lifecycle")
	tab.WaitText("#review", "sidehook webhook add app-lifecycle")
	tab.Screenshot("new-review")
	if strings.Contains(s.file(t), "app-lifecycle") {
		t.Fatal("a review has changed the file")
	}
	tab.ClickText("#review button", "Create")
	tab.WaitText("main", "shown this once")
	secret := tab.Text("#secret")
	if !strings.HasPrefix(secret, "whsec_") || !strings.Contains(s.file(t), secret) {
		t.Errorf("the secret %q is not that of the file", secret)
	}
	tab.Screenshot("new-saved")
	tab.ClickText("a", "Go to app-lifecycle")
	tab.WaitPath("/webhooks/app-lifecycle")
	if strings.Contains(tab.HTML(), secret) {
		t.Error("the secret is shown again")
	}
	s.send("app.created", "e1", `{"x":1}`)
	consoletest.Eventually(t, "a delivery", func() bool { return len(s.receiver.Taken("/app-lifecycle")) == 1 })
	if got := s.receiver.Taken("/app-lifecycle")[0]; got.Header.Get("X-Team") != "data" || got.Header.Get("Webhook-Signature") == "" {
		t.Errorf("the delivery has %v", got.Header)
	}
	tab.WaitText(rows, "e1")
}

// TestEdit: from the menu of a row to a file that keeps its comments, and with another
// name what waits follows.
func TestEdit(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.Relay = consoletest.Start(t, consoletest.Setup{File: catalogue + "webhooks:\n  # the team wants this\n" +
		s.entry("failing", "com.qlik.v1.app.created", ", retry: [1h]")})
	s.receiver.Answer("/failing", consoletest.Answer(500, "text/plain", "no"))
	s.send("app.created", "e1", "1")
	consoletest.Eventually(t, "an attempt", func() bool { return len(s.receiver.Taken("/failing")) == 1 })
	tab := s.signedIn(t)
	tab.Click(`[data-menu="failing"]`)
	tab.ClickText("[role=menuitem], .menu a, .menu button", "Edit")
	tab.WaitPath("/webhooks/failing/edit")
	tab.Fill("[name=name]", "mended")
	tab.Fill("[name=description]", "Now it works")
	tab.ClickText("button", "Review")
	tab.WaitText("#review", "was: failing")
	tab.Screenshot("edit-review")
	s.receiver.Answer("/failing", nil)
	tab.ClickText("#review button", "Save")
	tab.WaitPath("/webhooks/mended")
	if text := s.file(t); !strings.Contains(text, "# the team wants this") || !strings.Contains(text, "Now it works") {
		t.Errorf("the file is now\n%s", text)
	}
	var story struct {
		Webhooks []struct{ Webhook, Status string }
	}
	consoletest.Eventually(t, "what waited has followed", func() bool {
		s.Call("GET", "/v1/events/e1", "", &story)
		return strings.Contains(fmt.Sprint(story.Webhooks), "mended")
	})
}

// TestEditChangedFile: a review of a file that somebody else has changed since saves
// nothing.
func TestEditChangedFile(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	file := "webhooks:\n" + s.entry("one", "'a.*'", "")
	s.Relay = consoletest.Start(t, consoletest.Setup{File: file})
	tab := s.signedIn(t)
	s.open(t, tab, "/webhooks/one/edit")
	tab.Fill("[name=description]", "mine")
	tab.ClickText("button", "Review")
	tab.WaitText("#review", "mine")
	s.Save(file + s.entry("theirs", "'b.*'", ""))
	tab.ClickText("#review button", "Save")
	tab.WaitText("form, #review", "changed")
	if text := s.file(t); strings.Contains(text, "mine") || !strings.Contains(text, "theirs") {
		t.Errorf("the file is now\n%s", text)
	}
}

// TestDelete: rows that are checked go by Delete in the upper right, after a question
// that says what becomes of what waits.
func TestDelete(t *testing.T) {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.Relay = consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + s.entry("one", "'a.*'", "") + s.entry("two", "'a.*'", "") + s.entry("three", "'a.*'", ", paused: true")})
	s.Post(`{"type":"a.b","id":"e1"}`)
	tab := s.signedIn(t)
	tab.Click(`[name=webhook][value=one]`)
	tab.Click(`[name=webhook][value=three]`)
	tab.ClickText("button", "Delete")
	tab.WaitText("dialog", "three")
	tab.Screenshot("delete")
	tab.ClickText("dialog button", "Keep")
	tab.Wait("the dialog is closed", "!document.querySelector('dialog[open]')")
	if text := s.file(t); !strings.Contains(text, "one") {
		t.Fatal("Keep has deleted")
	}
	tab.ClickText("button", "Delete")
	tab.WaitText("dialog", "three")
	tab.ClickText("dialog button", "Delete")
	tab.Wait("the row is gone", "!document.querySelector('#w-one')")
	if text := s.file(t); strings.Contains(text, "name: one") || strings.Contains(text, "name: three") || !strings.Contains(text, "name: two") {
		t.Errorf("the file is now\n%s", text)
	}
}

// TestSwitches: pause, go on, and retry now, from the menu of a row.
func TestSwitches(t *testing.T) {
	s := quiet(t)
	tab := s.signedIn(t)
	choose := func(what string) {
		t.Helper()
		tab.Click(`[data-menu="one"]`)
		tab.ClickText("[role=menuitem], .menu a, .menu button", what)
	}
	choose("Pause")
	tab.WaitText("#w-one", "paused")
	s.post("waits")
	tab.WaitText("#w-one td.num", "1")
	choose("Resume")
	tab.WaitText("#w-one", "active")
	consoletest.Eventually(t, "what waited is delivered", func() bool { return len(s.receiver.Taken("/one")) == 1 })
	choose("Test")
	consoletest.Eventually(t, "a test is sent", func() bool { return len(s.receiver.Taken("/one")) == 2 })
}
