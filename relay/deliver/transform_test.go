package deliver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/deliver"
)

// A delivery whose condition or body cannot be computed ends as failed, without a request,
// and does not count against the receiver (D7).
func TestUnfitEvents(t *testing.T) {
	got := make(chan *http.Request, 9)
	s := settings(t, server(t, func(_ http.ResponseWriter, r *http.Request) { got <- r }).URL)
	s.Concurrency = 1
	s.Transform = func(e *event.Event) ([]byte, error) {
		if strings.HasPrefix(e.ID, "bad") {
			return nil, errors.New("cannot")
		}
		return e.JSON, nil
	}
	q := newQueue()
	for range 6 { // more than make a webhook failing
		q.add("bad")
	}
	q.addUnmet("unmet", "why not")
	q.add("good")
	d := begin(t, q, s, deliver.Options{})
	lines := q.wait(t, 8)
	for i, want := range []string{6: "when: why not", 7: ""} {
		if i < 6 {
			want = "transform: cannot"
		}
		status := history.Failed
		if want == "" {
			status = history.Delivered
		}
		if l := lines[i]; l.how != "done" || l.Status != status || l.Error != want || l.Unsent != (want != "") || l.Event == "" {
			t.Errorf("%d: got %+v, want %q", i, l, want)
		}
	}
	if r := <-got; r.Header.Get("Sidehook-Event") != "good" || len(got) > 0 {
		t.Error("something else was sent")
	}
	if len(q.states) > 0 {
		t.Errorf("states %v", q.states)
	}
	// That the entry fails all the same is seen where it is listed.
	if !soon(func() bool { s, _ := d.Snapshot("a"); return s.LastHour.Delivered == 1 && s.LastHour.Failed == 7 }) {
		t.Errorf("7 failed and 1 arrived: %v", show(q.all()))
	}
	if s, _ := d.Snapshot("a"); s.LastError != "when: why not" {
		t.Errorf("the last error is %q", s.LastError)
	}
}
