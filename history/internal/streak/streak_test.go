package streak_test

import (
	"encoding/json"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/streak"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is n minutes after the start.
func at(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

func TestLearn(t *testing.T) {
	type end struct {
		status      history.Status
		saysNothing bool
	}
	retry, success := end{status: history.Retrying}, end{status: history.Delivered}
	for name, c := range map[string]struct {
		ends []end // one each minute
		want history.FailureStreak
	}{
		"nothing":                       {},
		"a failure begins a streak":     {[]end{retry, retry}, history.FailureStreak{Since: at(0), Failures: 2, LastErrorAt: at(1), LastError: "1"}},
		"a success ends it":             {[]end{retry, success}, history.FailureStreak{LastSuccess: at(1), LastErrorAt: at(0), LastError: "0"}},
		"the next failure begins it":    {[]end{retry, success, retry}, history.FailureStreak{Since: at(2), Failures: 1, LastSuccess: at(1), LastErrorAt: at(2), LastError: "2"}},
		"exhausted is a failure":        {[]end{{status: history.Exhausted}}, history.FailureStreak{Since: at(0), Failures: 1, LastErrorAt: at(0), LastError: "0"}},
		"canceled and expired are none": {[]end{{status: history.Canceled}, {status: history.Expired}}, history.FailureStreak{}},
		"an attempt that says nothing":  {[]end{{history.Retrying, true}}, history.FailureStreak{}},
		"a failure without a request":   {[]end{{history.Failed, true}}, history.FailureStreak{LastErrorAt: at(0), LastError: "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s streak.Streak
			for i, e := range c.ends {
				why := string(rune('0' + i))
				s.Learn(at(i), e.status, why, e.saysNothing)
			}
			if got := s.Get(); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if got, want := s.InDoubt(), c.want.Failures > 0 || c.want.LastSuccess.IsZero(); got != want {
				t.Errorf("in doubt %v, want %v", got, want)
			}
		})
	}
}

// Lines that a checkpoint covers may come again, and count once.
func TestReplay(t *testing.T) {
	line := func(n int, status history.Status) *history.DeliveryRecord {
		return &history.DeliveryRecord{At: at(n), Status: status, Error: "e"}
	}
	var before streak.Streak
	for n := range 3 {
		before.Learn(at(n), history.Retrying, "e", false)
	}
	stored, err := json.Marshal(before.Checkpoint(at(3), time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var c streak.Checkpoint
	if err := json.Unmarshal(stored, &c); err != nil {
		t.Fatal(err)
	}
	var s streak.Streak
	s.Restore(&c)
	for n := range 4 {
		s.Replay(line(n, history.Retrying))
	}
	if got, want := s.Get(), (history.FailureStreak{Since: at(0), Failures: 4, LastErrorAt: at(3), LastError: "e"}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	s.Replay(line(4, history.Delivered))
	if got := s.Get(); got.Failures != 0 || !got.LastSuccess.Equal(at(4)) {
		t.Errorf("got %+v, want a success", got)
	}
}

// A state ends the streak only if it is the active one.
func TestEnter(t *testing.T) {
	for name, want := range map[string]int{"": 0, history.StateActive: 0, "disabled": 1} {
		var s streak.Streak
		s.Learn(at(0), history.Retrying, "e", false)
		if s.Enter(history.WebhookState{Name: name}); s.Get().Failures != want {
			t.Errorf("state %q leaves %d failures, want %d", name, s.Get().Failures, want)
		}
	}
}

func TestCheckpointOfOldStreak(t *testing.T) {
	for name, c := range map[string]struct {
		status history.Status
		keep   time.Duration
		want   bool
	}{
		"a success as long as lines are kept": {history.Delivered, 2 * time.Hour, true},
		"an older success":                    {history.Delivered, time.Minute, false},
		"a success, lines are kept forever":   {history.Delivered, 0, true},
		"an older failure":                    {history.Retrying, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			var s streak.Streak
			s.Learn(at(0), c.status, "e", false)
			if got := s.Checkpoint(at(60), c.keep) != nil; got != c.want {
				t.Errorf("is in the checkpoint: %v, want %v", got, c.want)
			}
		})
	}
	if c := new(streak.Streak).Checkpoint(at(0), 0); c != nil {
		t.Errorf("an empty streak has the checkpoint %+v", c)
	}
}
