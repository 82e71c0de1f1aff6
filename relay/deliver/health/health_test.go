package health_test

import (
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/relay/deliver/health"
)

var start = time.Date(2026, 11, 23, 14, 55, 0, 0, time.UTC)

const day = 24 * time.Hour

func rules(retry ...time.Duration) health.Rules {
	return health.Rules{
		Retry: retry, DisableAfter: 5 * day, Entry: "v1", Jitter: func(d time.Duration) time.Duration { return d },
	}
}

// fail has a webhook fail n times.
func fail(h *health.Tracker, now time.Time, n int, r health.Rules) (changes int) {
	for range n {
		if h.Failed(now, health.Failure{Why: "500"}, r) {
			changes++
		}
	}
	return changes
}

func may(h *health.Tracker, now time.Time, running int) string {
	switch probe, ok := h.MayClaim(now, running); {
	case !ok:
		return "nothing"
	case probe:
		return "a probe"
	}
	return "anything"
}

// TestStates: the state of a webhook after a sequence of attempts, and what it may claim.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		name    string
		do      func(*health.Tracker)
		state   string
		running int
		at      time.Duration
		may     string
	}{
		{"new", func(*health.Tracker) {}, "active", 100, 0, "anything"},
		{"four failures", func(h *health.Tracker) { fail(h, start, 4, rules()) }, "active", 100, 0, "anything"},
		{"a success among them", func(h *health.Tracker) {
			fail(h, start, 4, rules())
			h.Succeeded(start, 8)
			fail(h, start, 4, rules())
		}, "active", 100, 0, "anything"},
		{"five failures", func(h *health.Tracker) { fail(h, start, 5, rules()) }, "failing", 1, 4 * time.Second, "nothing"},
		{"the first probe", func(h *health.Tracker) { fail(h, start, 5, rules()) }, "failing", 100, 5 * time.Second, "a probe"},
		{"a probe in flight", func(h *health.Tracker) { fail(h, start, 5, rules()); h.StartProbe() }, "failing", 1, time.Hour, "nothing"},
		{"nothing to probe with", func(h *health.Tracker) { fail(h, start, 5, rules()); h.StartProbe(); h.EndProbe() }, "failing", 1, time.Hour, "a probe"},
		{"a probe now", func(h *health.Tracker) { fail(h, start, 5, rules()); h.ProbeNow() }, "failing", 1, 0, "a probe"},
		{"recovered", func(h *health.Tracker) { fail(h, start, 5, rules()); h.Succeeded(start, 8) }, "active", 1, 0, "anything"},
		{"slowly", func(h *health.Tracker) { fail(h, start, 5, rules()); h.Succeeded(start, 8) }, "active", 2, 0, "nothing"},
		{"less slowly", func(h *health.Tracker) { h.StartSlowly(); h.Succeeded(start, 8); h.Succeeded(start, 8) }, "active", 4, 0, "anything"},
		{"as before", func(h *health.Tracker) {
			h.StartSlowly()
			for range 3 {
				h.Succeeded(start, 8)
			}
		}, "active", 100, 0, "anything"},
		{"gone", func(h *health.Tracker) { h.Failed(start, health.Failure{Gone: true}, rules()) }, "disabled", 1, day, "nothing"},
		{"gone, by an entry that was edited", func(h *health.Tracker) { h.Failed(start, health.Failure{Gone: true, Outdated: true}, rules()) }, "active", 1, 0, "anything"},
		{"disabled while failing", func(h *health.Tracker) { fail(h, start, 5, rules()); h.Disable(start, "", "") }, "disabled", 1, day, "nothing"},
		{"enabled", func(h *health.Tracker) { h.Disable(start, "", ""); h.Enable(start) }, "active", 100, 0, "anything"},
		{"unprocessable events", func(h *health.Tracker) {
			for range 20 {
				h.Unprocessable(start, "no")
			}
		}, "active", 100, 0, "anything"},
	} {
		var h health.Tracker
		c.do(&h)
		if got := h.State().Name; got != c.state {
			t.Errorf("%s: is %s, want %s", c.name, got, c.state)
		}
		if got := may(&h, start.Add(c.at), c.running); got != c.may {
			t.Errorf("%s: goroutine %d may claim %s after %v, want %s", c.name, c.running, got, c.at, c.may)
		}
	}
}

// The waits between probes double from the schedule's first wait, or from five
// seconds, to a minute.
func TestProbes(t *testing.T) {
	for _, c := range []struct {
		name  string
		retry []time.Duration
		want  []time.Duration
	}{
		{"no schedule", nil, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute}},
		{"a late first wait", []time.Duration{time.Hour}, []time.Duration{5 * time.Second, 10 * time.Second}},
		{"an early first wait", []time.Duration{time.Second, time.Hour}, []time.Duration{time.Second, 2 * time.Second}},
		{"no first wait", []time.Duration{0, time.Hour}, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
	} {
		var h health.Tracker
		now, r := start, rules(c.retry...)
		fail(&h, now, 5, r)
		for i, want := range c.want {
			if got := h.ProbeAt().Sub(now); got != want {
				t.Errorf("%s: probe %d after %v, want %v", c.name, i+1, got, want)
			}
			fail(&h, now, 1, r) // one that was in flight already delays nothing
			now = h.ProbeAt()
			h.StartProbe()
			h.EndProbe()
			h.Failed(now, health.Failure{Why: "500", Probe: true}, r)
		}
	}
}

// A probe that is asked for while another is in flight is made at its end.
func TestProbeNowDuringAProbe(t *testing.T) {
	var h health.Tracker
	fail(&h, start, 5, rules())
	h.StartProbe()
	h.ProbeNow()
	h.EndProbe()
	h.Failed(start.Add(time.Minute), health.Failure{Why: "500", Probe: true}, rules())
	if got := may(&h, start.Add(time.Minute), 1); got != "a probe" {
		t.Errorf("may claim %s, want a probe", got)
	}
}

// Nothing but failures for a time, and at least ten, disable; idle time does not
// count.
func TestDisable(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(*health.Tracker, health.Rules)
		after time.Duration
		want  string // "": it is not
	}{
		{"ten failures in five days", func(h *health.Tracker, r health.Rules) {
			fail(h, start, 9, r)
			fail(h, start.Add(5*day), 1, r)
		}, 5 * day, "nothing but failures for 5 days, the last: 500"},
		{"seconds", func(h *health.Tracker, r health.Rules) {
			fail(h, start, 9, r)
			fail(h, start.Add(6200*time.Millisecond), 1, r)
		}, 3 * time.Second, "nothing but failures for 6s, the last: 500"},
		{"nine failures", func(h *health.Tracker, r health.Rules) { fail(h, start, 8, r); fail(h, start.Add(9*day), 1, r) }, 5 * day, ""},
		{"never", func(h *health.Tracker, r health.Rules) { fail(h, start, 9, r); fail(h, start.Add(50*day), 9, r) }, 0, ""},
		{"idle before", func(h *health.Tracker, r health.Rules) {
			h.Succeeded(start, 1)
			fail(h, start.Add(20*day), 100, r)
		}, 5 * day, ""},
		{"a success in between", func(h *health.Tracker, r health.Rules) {
			fail(h, start, 9, r)
			h.Succeeded(start.Add(4*day), 1)
			fail(h, start.Add(8*day), 50, r)
		}, 5 * day, ""},
	} {
		var h health.Tracker
		r := rules()
		r.DisableAfter = c.after
		c.do(&h, r)
		if got := h.State(); h.Disabled() != (c.want != "") || h.Disabled() && (got.Why != c.want || got.Entry != "v1") {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

// A change is reported once, and a state is restored as it was, with the streak.
func TestRestore(t *testing.T) {
	var h health.Tracker
	if n := fail(&h, start, 8, rules()); n != 1 {
		t.Errorf("%d changes, want 1", n)
	}
	kept := h.State()
	var next health.Tracker
	now := start.Add(6 * day)
	next.Restore(now, kept, history.FailureStreak{Since: start, Failures: 9, LastSuccess: start.Add(-day), LastError: "503"})
	if next.State() != kept || kept != (history.WebhookState{Name: "failing", Since: start, Why: "500"}) {
		t.Errorf("got %+v, want %+v", next.State(), kept)
	}
	if success, failure := next.Last(); !success.Equal(start.Add(-day)) || failure != "503" {
		t.Errorf("got %v, %s", success, failure)
	}
	if got := may(&next, now, 1); got != "a probe" {
		t.Errorf("may claim %s, want a probe", got)
	}
	if !next.Failed(now, health.Failure{Why: "500", Probe: true}, rules()) || !strings.Contains(next.State().Why, "6 days") {
		t.Errorf("got %+v", next.State())
	}
	if next.DisabledBy() != "v1" || !next.Enable(now) || next.Enable(now) || next.Failures() != 0 {
		t.Errorf("got %+v after Enable", next.State())
	}
	// A clock that was set back does not make the streak longer.
	next.Restore(start, history.WebhookState{}, history.FailureStreak{Since: now, Failures: 20})
	if next.Failed(start, health.Failure{}, rules()); next.Disabled() {
		t.Error("disabled by a streak from the future")
	}
	if next.Succeeded(start, 1); next.State().Name != "active" {
		t.Errorf("got %+v", next.State())
	}
	if n, since := next.LastStreak(); n != 21 || since.After(start) {
		t.Errorf("the streak had %d failures since %v", n, since)
	}
}
