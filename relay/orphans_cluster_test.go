package relay_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestOrphanInACluster: a webhook is orphaned once no living host has it in its file. The
// host whose file it went from shows that at once, and one that starts as soon as it
// answers.
func TestOrphanInACluster(t *testing.T) {
	p := newPair(t)
	none, a, b := "  []\n", p.hosts[0], p.hosts[1]
	shows := func(h *host, what, want string) {
		t.Helper()
		if got := states(h); got != want {
			t.Errorf("%s: webhooks %s, want %s", what, got, want)
		}
	}
	a.apply(p.file(0, none))
	shows(a, "one file has it", "[]")
	eventually(t, "the one that has it owns it", func() bool { return p.owner(t, "old") == 1 })
	eventually(t, "it is shown where it is", func() bool { return states(b) == "[{old active {2}}]" })
	shows(a, "the other one", "[]")
	b.apply(p.file(1, none))
	const orphaned = "[{old orphaned {2}}]"
	shows(b, "no file has it", orphaned)
	eventually(t, "the other one shows it", func() bool { return states(a) == orphaned })
	b.end()
	a.end()
	a.start(p.file(0, none))
	shows(a, "after a restart", orphaned)
	p.fails()
	b.start(p.file(1, patient(p.receiver, "old", inOrder)))
	eventually(t, "the one that has it owns it", func() bool { return p.owner(t, "old") == 1 })
	b.call("POST", "/v1/webhooks/old/retry", "", nil)
	if got := fmt.Sprint(p.arrived(t, "old", 3)); got != "[e1 e1 e2]" {
		t.Errorf("arrived %s, want e1 again, and e2", got)
	}
	eventually(t, "it is not orphaned any more", func() bool { return states(a) == "[]" && states(b) == "[{old active {0}}]" })
}

// TestShownAfterTheAnswer: what a host has answered is in what it shows next.
func TestShownAfterTheAnswer(t *testing.T) {
	p := newPair(t)
	owner := p.hosts[p.owner(t, "old")]
	other := p.hosts[1-p.owner(t, "old")]
	for i := range 20 {
		if got := owner.post(fmt.Sprint("f", i)); got != http.StatusAccepted {
			t.Fatalf("got %d", got)
		}
		if got, want := states(owner), fmt.Sprintf("[{old active {%d}}]", 3+i); got != want {
			t.Fatalf("webhooks %s, want %s", got, want)
		}
	}
	// An action on a webhook of another host knows of what was accepted here before.
	other.post("g")
	var canceled struct{ Canceled int }
	if got := other.call("POST", "/v1/cancel", `{"webhook":"old"}`, &canceled); got != http.StatusOK || canceled.Canceled != 23 {
		t.Errorf("got %d, %+v; want 23", got, canceled)
	}
	if got, want := states(other), "[{old active {0}}]"; got != want {
		t.Errorf("after the answer: webhooks %s, want %s", got, want)
	}
}
