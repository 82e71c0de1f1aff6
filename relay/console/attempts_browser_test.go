package console_test

import (
	"testing"

	"sidehook/relay/console/consoletest"
)

// TestBrowserResponse: the response opens below its row, also by keyboard, while new rows
// come, and Resend sends again from the row.
func TestBrowserResponse(t *testing.T) {
	r, receiver := failedEvents(t)
	tab := browsers.Tab(t)
	r.SignIn(tab, "edit")
	tab.Go(r.URL + "/webhooks/bad")
	tab.WaitText("#link", "live")
	tab.Click("#rows tr:first-child a[data-open]")
	tab.WaitText("#rows tr.detail .response", "500 Internal Server Error")
	tab.WaitText("#rows tr.detail .payload", "no")
	tab.Press("Enter")
	tab.Wait("it is closed", "!document.querySelector('#rows tr.detail')")
	tab.Press("Enter")
	tab.WaitText("#rows tr.detail .response", "500")
	receiver.Answer("/bad", consoletest.Answer(200, "text/plain", "yes"))
	tab.ClickText("#rows tr:first-child button", "Resend")
	tab.WaitText("#said", "Resending")
	tab.WaitText("#rows tr:first-child", "delivered")
	if got := tab.Count("#rows tr.detail"); got != 1 {
		t.Errorf("%d responses are open, want 1", got)
	}
	tab.Screenshot("response")
}
