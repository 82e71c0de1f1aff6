package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/apitest"
	"sidehook/relay/intake"
)

// TestAcceptEach: an event that is refused holds up no other, and the order stays.
func TestAcceptEach(t *testing.T) {
	settings := apitest.Settings
	settings.DropUnmatched = true
	counts := map[string]int{}
	l := apitest.Start(t, settings, apitest.Options{MaxEventSize: 200, Answered: func(result string, events int) { counts[result] += events }})
	at := time.Date(2026, 11, 30, 10, 0, 0, 5000, time.FixedZone("", 3600))
	var offers []intake.Offer
	for _, body := range []string{
		`{"type":"a.b","id":"1","data":1}`,
		`{"type":"c","id":"nobody"}`,
		`{"type":`,
		`{"type":"a.b","id":"2"}`,
		`{"type":"a.b","id":"1","data":1}`,
		`{"type":"a.b","id":"1","data":2}`,
		`{"type":"sidehook.x"}`,
		`{"type":"a.b","data":"` + strings.Repeat("x", 200) + `"}`,
		`{"type":"a.b","id":"1","data":3}`,
		`{"type":"a.b","id":"3","time":"2026-01-01T00:00:00Z"}`,
	} {
		offers = append(offers, intake.Offer{Body: []byte(body), At: at})
	}
	results, p := l.AcceptEach(t.Context(), offers)
	if p != nil {
		t.Fatal(p.Status, p.Detail)
	}
	var got []string
	for _, r := range results {
		switch {
		case r.Refused != nil:
			got = append(got, fmt.Sprint(r.Refused.Status))
		case r.Duplicate:
			got = append(got, "duplicate")
		default:
			got = append(got, "accepted")
		}
	}
	if want := []string{"accepted", "accepted", "400", "accepted", "duplicate", "409", "422", "413", "409", "accepted"}; !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := results[5].Refused.Detail, `id "1" of source "test" was accepted before with other content; give this event its own id`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var kept []string
	for _, e := range l.Journal.Events() {
		kept = append(kept, string(e.Event.JSON), fmt.Sprint(e.Event.Filled))
	}
	want := []string{
		`{"specversion":"1.0","source":"test","time":"2026-11-30T09:00:00.000005Z","type":"a.b","id":"1","data":1}`, "[specversion source time]",
		`{"specversion":"1.0","source":"test","time":"2026-11-30T09:00:00.000005Z","type":"a.b","id":"2"}`, "[specversion source time]",
		`{"specversion":"1.0","source":"test","type":"a.b","id":"3","time":"2026-01-01T00:00:00Z"}`, "[specversion source]",
	}
	if !slices.Equal(kept, want) {
		t.Errorf("kept\n%s\nwant\n%s", strings.Join(kept, "\n"), strings.Join(want, "\n"))
	}
	if got, want := fmt.Sprint(counts), "map[400:1 409:2 413:1 422:1 accepted:4 duplicate:1]"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	l.Journal.Fail(history.ErrNoRoom)
	if _, p := l.AcceptEach(t.Context(), offers); p == nil || p.Status != 507 {
		t.Errorf("without room: %v", p)
	}
	if got := counts["accepted"]; got != 4 {
		t.Errorf("%d accepted without room", got-4)
	}
}
