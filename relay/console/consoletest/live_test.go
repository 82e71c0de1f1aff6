package consoletest_test

import (
	"fmt"
	"math"
	"testing"

	"sidehook/relay/console/consoletest"
)

// quiet starts a relay with one webhook that gets a.*.
func quiet(t *testing.T) *scene {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	s.receiver.Answer("/one", consoletest.Answer(200, "application/json", `{"thanks":"for all"}`))
	s.Relay = consoletest.Start(t, consoletest.Setup{File: "webhooks:\n" + s.entry("one", "'a.*'", ", retry: [1h]")})
	return s
}

// post posts an event that one gets.
func (s *scene) post(id string) { s.Post(fmt.Sprintf(`{"type":"a.b","id":%q,"data":{"x":1}}`, id)) }

// rows are the rows of a live history.
const rows = "#rows > tr[id]"

// live waits until the page hears of changes in a way: live or polling.
func live(tab *consoletest.Tab, how string) {
	tab.Wait("the page is "+how, fmt.Sprintf("document.querySelector('#link')?.dataset.state == %q", how))
}

// TestDeliveryArrives: a delivery shows up on its own, its response opens under it, and
// a resend of it arrives at the receiver and then on the page.
func TestDeliveryArrives(t *testing.T) {
	s := quiet(t)
	tab := s.signedIn(t)
	s.open(t, tab, "/webhooks/one")
	live(tab, "live")
	s.post("first")
	tab.WaitText(rows, "first")
	if got := tab.Count(rows); got != 1 {
		t.Fatalf("%d rows, want 1", got)
	}
	tab.ClickText(rows+" a, "+rows+" button", "Response")
	tab.WaitText("main", `"thanks"`)
	tab.Screenshot("webhook-response")
	tab.ClickText(rows+" button", "Resend")
	consoletest.Eventually(t, "it is sent again", func() bool { return len(s.receiver.Taken("/one")) == 2 })
	tab.Wait("the resend shows up", fmt.Sprintf("document.querySelectorAll(%q).length == 2", rows))
}

// TestPausedTail: on a page that is paused, or scrolled down, nothing moves; what is new
// is counted, and comes when it is asked for.
func TestPausedTail(t *testing.T) {
	s := quiet(t)
	for i := range 60 {
		s.post(fmt.Sprint("before-", i))
	}
	consoletest.Eventually(t, "all are delivered", func() bool { return len(s.receiver.Taken("/one")) == 60 })
	tab := s.signedIn(t)
	s.open(t, tab, "/webhooks/one")
	live(tab, "live")
	top := func() string { return tab.Text(rows) }

	before := top()
	tab.Click("#pause")
	s.post("while-paused")
	tab.WaitText("#new-rows", "1 new")
	if got := top(); got != before {
		t.Errorf("a paused page has moved: %q on top, before %q", got, before)
	}
	tab.Click("#pause")
	tab.WaitText(rows, "while-paused")

	consoletest.Eval[bool](tab, "(scrollTo(0, 600), true)")
	tab.Wait("it is scrolled", "scrollY > 500")
	at := "document.querySelectorAll('" + rows + "')[20].getBoundingClientRect().y"
	place := consoletest.Eval[float64](tab, at)
	s.post("while-reading")
	tab.WaitText("#new-rows", "1 new")
	if got := consoletest.Eval[float64](tab, at); math.Abs(got-place) > 1 {
		t.Errorf("a row has jumped from %v to %v", place, got)
	}
	tab.Click("#new-rows")
	tab.WaitText(rows, "while-reading")
}

// TestNineTabs: all tabs of a browser are kept up to date. Four of them are live, which
// leaves connections for everything else, and the others poll.
func TestNineTabs(t *testing.T) {
	s := quiet(t)
	first := s.signedIn(t)
	tabs := []*consoletest.Tab{first}
	for range 8 {
		tabs = append(tabs, first.Another())
	}
	for _, tab := range tabs {
		s.open(t, tab, "/webhooks/one")
		tab.Wait("the page hears of changes", "['live', 'polling'].includes(document.querySelector('#link').dataset.state)")
	}
	streams := 0
	for _, tab := range tabs {
		if consoletest.Eval[string](tab, "document.querySelector('#link').dataset.state") == "live" {
			streams++
		}
	}
	if streams != 4 {
		t.Errorf("%d tabs are live, want 4", streams)
	}
	s.post("for-all")
	for _, tab := range tabs {
		tab.WaitText(rows, "for-all")
	}
}

// TestRelayComesBack: a page says that it lost the relay, and after a restart, which ends
// all sessions, it asks to sign in again.
func TestRelayComesBack(t *testing.T) {
	s := quiet(t)
	tab := s.signedIn(t)
	s.open(t, tab, "/webhooks/one")
	live(tab, "live")
	s.Restart(func() { live(tab, "lost") })
	tab.WaitText("main", "sidehook console")
	tab.Wait("the page knows where to lead back to", `localStorage.getItem("sidehook-back") == "/webhooks/one"`)
	s.SignIn(tab, "edit") // which leads back
	tab.WaitPath("/webhooks/one")
	live(tab, "live")
}
