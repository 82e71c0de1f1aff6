package consoletest_test

import (
	"strings"
	"testing"

	"sidehook/relay/console/consoletest"
)

// focused describes what has the focus.
const focused = `(() => { const e = document.activeElement; return e.getAttribute("aria-label") || e.name || e.innerText?.trim() || e.id || e.nodeName })()`

// tabTo presses Tab until something has the focus.
func tabTo(t *testing.T, tab *consoletest.Tab, what string) {
	t.Helper()
	var passed []string
	for range 80 {
		tab.Press("Tab")
		got := consoletest.Eval[string](tab, focused)
		if got == what {
			if !consoletest.Eval[bool](tab, `(() => { const e = document.activeElement, s = getComputedStyle(e); return s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 2 && e.checkVisibility() })()`) {
				t.Errorf("nothing shows that %q has the focus", what)
			}
			return
		}
		passed = append(passed, got)
	}
	t.Fatalf("Tab does not lead to %q, only to %q", what, passed)
}

// TestKeyboard: a person without a mouse finds a webhook, pauses it, looks at its history,
// opens a response and resends, creates a webhook and deletes it.
func TestKeyboard(t *testing.T) {
	s := quiet(t)
	s.post("e1")
	consoletest.Eventually(t, "a delivery", func() bool { return len(s.receiver.Taken("/one")) == 1 })
	tab := s.signedIn(t)
	s.open(t, tab, "/")

	// Past the navigation.
	tabTo(t, tab, "Skip to content")
	tab.Press("Enter")
	if got := consoletest.Eval[string](tab, "document.activeElement.id"); got != "main" {
		t.Errorf("Skip to content leads to %q", got)
	}

	// The menu of a row: it opens, arrows move within it, Escape leads back.
	tabTo(t, tab, "More for one")
	tab.Press("Enter")
	tab.Wait("the menu is open", "document.activeElement.closest('.menu')")
	first := consoletest.Eval[string](tab, focused)
	tab.Press("Down")
	if second := consoletest.Eval[string](tab, focused); second == first {
		t.Errorf("Down stays at %q", first)
	}
	tab.Press("Up")
	if got := consoletest.Eval[string](tab, focused); got != first {
		t.Errorf("Down and Up lead to %q, want %q", got, first)
	}
	tab.Press("Escape")
	if got := consoletest.Eval[string](tab, focused); got != "More for one" {
		t.Errorf("after Escape the focus is at %q", got)
	}
	tab.Press("Enter")
	tab.Wait("the menu is open", "document.activeElement.closest('.menu')")
	for range 12 {
		if consoletest.Eval[string](tab, focused) == "Pause" {
			break
		}
		tab.Press("Down")
	}
	tab.Press("Enter")
	tab.WaitText("#w-one", "paused")

	// History, a response and a resend.
	s.open(t, tab, "/webhooks/one")
	tabTo(t, tab, "Response")
	tab.Press("Enter")
	tab.WaitText("main", `"thanks"`)
	tab.Press("Shift+Tab")
	if got := consoletest.Eval[string](tab, focused); got != "Resend" {
		t.Errorf("before Response is %q, want Resend", got)
	}

	// A new webhook.
	s.open(t, tab, "/")
	tabTo(t, tab, "Create new")
	tab.Press("Enter")
	tab.WaitPath("/new")
	for _, field := range [][2]string{{"name", "typed"}, {"url", "https://example.com/hook"}, {"globs", "a.b"}} {
		tabTo(t, tab, field[0])
		tab.Press(field[1])
	}
	tab.Press("Shift+Tab") // and the summary, Review
	tabTo(t, tab, "Review")
	tab.Press("Enter")
	tab.WaitText("#review", "name: typed")
	if got := consoletest.Eval[string](tab, "document.activeElement.id"); got != "review" {
		t.Errorf("after Review the focus is at %q", got)
	}
	tabTo(t, tab, "Create")
	tab.Press("Enter")
	tab.WaitText("main", "shown this once")

	// And away with it: the question keeps the focus within.
	s.open(t, tab, "/")
	tabTo(t, tab, "Select typed")
	tab.Press("Space")
	for range 40 {
		tab.Press("Shift+Tab")
		if consoletest.Eval[string](tab, focused) == "Delete" {
			break
		}
	}
	tab.Press("Enter")
	tab.WaitText("dialog", "typed")
	for range 8 {
		tab.Press("Tab")
		if at := consoletest.Eval[string](tab, "document.activeElement.closest('dialog') ? 'in' : document.activeElement.nodeName"); at != "in" && at != "BODY" {
			t.Errorf("Tab leads out of the question to %s", at)
		}
	}
	tab.Press("Escape")
	tab.Wait("the question is gone", "!document.querySelector('dialog[open]')")
	if !strings.Contains(s.file(t), "typed") {
		t.Error("Escape has deleted")
	}
}
