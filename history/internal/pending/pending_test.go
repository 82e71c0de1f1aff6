package pending_test

import (
	"reflect"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/internal/clock"
	"sidehook/history/internal/pending"
)

// L1, L2: the deliveries of a key come out one at a time, in the order of acceptance.
func TestKeys(t *testing.T) {
	var k pending.Keys
	admit := func(seq history.Seq, key string) bool {
		return k.Admit(&pending.Scheduled{Item: pending.Item{Number: seq}, Key: key})
	}
	for _, c := range []struct {
		seq  history.Seq
		key  string
		want bool
	}{{1, "a", true}, {2, "b", true}, {3, "a", false}, {4, "", true}, {5, "", true}, {6, "a", false}, {7, "a", false}} {
		if got := admit(c.seq, c.key); got != c.want {
			t.Errorf("seq %d with key %q: admitted %v, want %v", c.seq, c.key, got, c.want)
		}
	}
	k.Remove(func(s *pending.Scheduled) bool { return s.Number == 6 })
	if n := k.Len(); n != 2 {
		t.Errorf("%d deliveries wait, want 2", n)
	}
	for _, want := range []history.Seq{3, 7, 0} {
		if s, ok := k.Next("a"); ok != (want != 0) || s.Number != want {
			t.Errorf("next is %d, %v, want %d", s.Number, ok, want)
		}
	}
	if !admit(8, "a") || k.Len() != 0 {
		t.Errorf("a key whose deliveries have all ended holds up another; %d wait", k.Len())
	}
}

// A delivery from a checkpoint waits for the rest of its time, and not longer if the wall
// clock was set back meanwhile.
func TestCheckpointOfScheduled(t *testing.T) {
	written := clock.Instant{Mono: clock.Mono(time.Hour), Wall: time.UnixMilli(1e12)}
	it := pending.Item{Number: 7, Of: 3, AcceptedAt: 42, Location: history.Location{Segment: 5, Offset: 6, Length: 8}}
	minute := func(n int) clock.Mono { return written.Mono.Add(time.Duration(n) * time.Minute) }
	tries := pending.Attempts{Count: 2, Throttled: true, Since: minute(-9), Until: minute(4), Last: minute(-1), OriginalDue: minute(30)}
	var c pending.Checkpoint
	c.Add(&it, minute(5), &tries, written)
	for name, set := range map[string]time.Duration{"at once": 0, "two minutes later": 2 * time.Minute, "an hour earlier": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			// The process starts anew: its monotonic clock is at 0.
			now := clock.Instant{Wall: written.Wall.Add(set)}
			at := func(n int) clock.Mono {
				return clock.Mono(time.Duration(n)*time.Minute - max(set, 0))
			}
			past := func(n int) clock.Mono { return clock.Mono(min(0, time.Duration(n)*time.Minute-set)) }
			want := []pending.Scheduled{{Item: it, Due: at(5), Attempts: pending.Attempts{
				Count: 2, Throttled: true, Since: past(-9), Until: at(4), Last: past(-1), OriginalDue: at(30),
			}}}
			if got := c.Scheduled(written.Wall, now); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestReschedule(t *testing.T) {
	const now = clock.Mono(time.Hour)
	minutes := func(n int) clock.Mono { return now.Add(time.Duration(n) * time.Minute) }
	waits := pending.Scheduled{Due: minutes(10), Attempts: pending.Attempts{Count: 1, Last: minutes(-2)}}
	throttled := waits
	throttled.Throttled, throttled.Until = true, minutes(3)
	longest := []time.Duration{5 * time.Minute}
	for _, c := range []struct {
		name          string
		s             pending.Scheduled
		change        func(*pending.Scheduled) bool
		due, original clock.Mono
		changed       bool
	}{
		{"retry now", waits, func(s *pending.Scheduled) bool { return s.RetryNow(now) }, now, 0, true},
		{"pull forward", waits, func(s *pending.Scheduled) bool { return s.PullForward(now, minutes(-2)) }, now, minutes(10), true},
		{"pull forward what was last attempted before", waits, func(s *pending.Scheduled) bool { return s.PullForward(now, minutes(-1)) }, minutes(10), 0, false},
		{"pull forward what is throttled", throttled, func(s *pending.Scheduled) bool { return s.PullForward(now, 0) }, minutes(10), 0, false},
		{"unthrottle", throttled, func(s *pending.Scheduled) bool { return s.Unthrottle(now) }, now, minutes(10), true},
		{"unthrottle what is not throttled", waits, func(s *pending.Scheduled) bool { return s.Unthrottle(now) }, minutes(10), 0, false},
		{"shorten", waits, func(s *pending.Scheduled) bool { return s.Shorten(longest) }, minutes(3), 0, true},
		{"shorten what is throttled", throttled, func(s *pending.Scheduled) bool { return s.Shorten(longest) }, minutes(10), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.s
			if got := c.change(&s); got != c.changed || s.Due != c.due || s.OriginalDue != c.original {
				t.Errorf("changed %v, due %v, by its schedule %v; want %v, %v, %v", got, s.Due, s.OriginalDue, c.changed, c.due, c.original)
			}
		})
	}
}
