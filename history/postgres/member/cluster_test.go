package member_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/postgres/member"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/queue"
)

// inCluster runs a test in a bubble, with a schema of its own.
func inCluster(t *testing.T, test func(t *testing.T, c *cluster)) {
	s := postgrestest.Shared(t)
	synctest.Test(t, func(t *testing.T) { test(t, newCluster(t, s)) })
}

// until waits until something is so, and returns how long that took.
func until(t *testing.T, what string, so func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("not in two minutes: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(begun)
}

// names are so many webhooks.
func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint("w", i))
	}
	return list
}

// owners returns the webhooks that each of the members owns.
func owners(members []*running, webhooks []string) (all map[string][]string, count int) {
	all = map[string][]string{}
	for _, m := range members {
		for _, name := range webhooks {
			if m.Owns(name) {
				all[m.name] = append(all[m.name], name)
				count++
			}
		}
	}
	return all, count
}

// three runs three members that share webhooks, once each is owned by the member that it
// belongs to.
func three(t *testing.T, c *cluster, webhooks []string) []*running {
	t.Helper()
	var members []*running
	for i := range 3 {
		members = append(members, run(t, c, fmt.Sprint("h", i), declared(webhooks...), member.Options{}))
	}
	until(t, "each member owns some, and all are owned", func() bool {
		all, n := owners(members, webhooks)
		return n == len(webhooks) && len(all) == 3
	})
	time.Sleep(10 * time.Second) // what was taken before all were there is given up by then
	return members
}

func post(t *testing.T, m *running, id string, to ...string) {
	t.Helper()
	e, err := (&event.Decoder{Source: "test"}).Plain(fmt.Appendf(nil, `{"type":"a.b","id":%q}`, id))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Append(t.Context(), []history.Entry{{Event: e, To: to, Generation: 1}}); err != nil {
		t.Fatal(err)
	}
}

// claim claims what must be there within a time.
func claim(t *testing.T, m *running, webhook, id string) *queue.Lease {
	t.Helper()
	var l *queue.Lease
	until(t, id+" can be claimed", func() bool {
		var ok bool
		l, ok = m.Queue(webhook).Claim(queue.Retries)
		return ok
	})
	e, err := l.Event.Parsed()
	if err != nil || e.ID != id {
		t.Fatalf("claimed %s (%v), want %s", e.ID, err, id)
	}
	return l
}

func delivered(l *queue.Lease) { l.Done(history.Attempt{Status: history.Delivered}) }

func TestWebhooksAreSpread(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		webhooks := names(60)
		members := three(t, c, webhooks)
		all, _ := owners(members, webhooks)
		for name, list := range all {
			if len(list) < 10 {
				t.Errorf("%s owns %d of 60", name, len(list))
			}
		}
		if s := members[0].State(); s.Members != 3 || s.Owned != len(all["h0"]) || !s.Up {
			t.Errorf("got %+v", s)
		}
		// One that goes leaves those of the others alone.
		members[2].stop()
		took := until(t, "two own all", func() bool { _, n := owners(members[:2], webhooks); return n == 60 })
		if took > 3*time.Second { // the others see it at their next beat
			t.Errorf("handing over took %v", took)
		}
		after, _ := owners(members[:2], webhooks)
		for _, name := range []string{"h0", "h1"} {
			for _, webhook := range all[name] {
				if !slices.Contains(after[name], webhook) {
					t.Errorf("%s has moved away from %s", webhook, name)
				}
			}
		}
	})
}

// What one accepts is delivered by the owner, and nothing is delivered twice after a stop.
func TestStopHandsOver(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		members := three(t, c, []string{"a", "b", "c", "d", "e", "f"})
		owner := slices.IndexFunc(members, func(m *running) bool { return m.Owns("a") })
		other := members[(owner+1)%3]
		for i := range 5 {
			post(t, other, fmt.Sprint("e", i), "a")
		}
		for i := range 3 {
			delivered(claim(t, members[owner], "a", fmt.Sprint("e", i)))
		}
		claim(t, members[owner], "a", "e3").Retry(history.Attempt{Status: history.Retrying}, time.Now().Add(time.Hour))
		members[owner].stop()
		members = slices.Delete(members, owner, owner+1)
		until(t, "another owns a", func() bool { return members[0].Owns("a") || members[1].Owns("a") })
		next := members[0]
		if members[1].Owns("a") {
			next = members[1]
		}
		delivered(claim(t, next, "a", "e4"))
		if l, ok := next.Queue("a").Claim(queue.Retries); ok {
			t.Errorf("claimed %d, which waits for an hour", l.Seq)
		}
		epoch := c.value(`SELECT epoch || ' ' || written FROM ` + c.schema + `.cursors WHERE webhook = 'a'`)
		until(t, "the new owner writes a checkpoint", func() bool {
			return c.value(`SELECT epoch || ' ' || written FROM `+c.schema+`.cursors WHERE webhook = 'a'`) != epoch
		})
		next.Queue("a").RetryNow()
		l := claim(t, next, "a", "e3")
		if l.Attempt != 2 {
			t.Errorf("attempt %d, want 2", l.Attempt)
		}
		delivered(l)
	})
}

// A webhook is not seen as owned before Hold has returned, and its queue is in the list
// from then on, though the list was asked for before.
func TestTaken(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		var m *running
		early, runs := make(chan bool, 2), make(chan struct{})
		m = run(t, c, "h0", declared("a"), member.Options{Hold: func(webhook string) {
			<-runs
			early <- m.Owns(webhook)
		}})
		close(runs)
		until(t, "it owns a", func() bool { return m.Owns("a") })
		post(t, m, "e1", "a", "b")
		if n := len(m.Queues()); n != 1 {
			t.Errorf("got %d queues, want that of a", n)
		}
		m.Declare(declared("a", "b"))
		until(t, "it owns b", func() bool { return m.Owns("b") })
		for range 2 {
			if <-early {
				t.Error("it is owned before Hold has returned")
			}
		}
		if list := m.Queues(); len(list) != 2 || list[1] != m.Queue("b") {
			t.Errorf("got %d queues, want that of b, too", len(list))
		}
	})
}

// A member that dies loses its webhooks within its lease and two seconds.
func TestDeath(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		webhooks := names(12)
		members := three(t, c, webhooks)
		members[0].network.sever()
		took := until(t, "the others own all", func() bool { _, n := owners(members[1:], webhooks); return n == 12 })
		if took > 12*time.Second {
			t.Errorf("taking over took %v, want at most lease + 2s", took)
		}
		if n := members[1].State().Takeovers + members[2].State().Takeovers; n == 0 {
			t.Error("no takeover was counted")
		}
		members[0].stop()
	})
}

// The database's clock may be set: that neither ends a lease nor extends one.
func TestClockIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{"ahead": 3 * time.Hour, "back": -3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, func(t *testing.T, c *cluster) {
				webhooks := names(12)
				members := three(t, c, webhooks)
				before, _ := owners(members, webhooks)
				time.Sleep(10*time.Second + 100*time.Millisecond) // not with a beat
				c.set(by)
				time.Sleep(30 * time.Second)
				after, _ := owners(members, webhooks)
				for _, m := range members {
					if !slices.Equal(before[m.name], after[m.name]) || m.State().Takeovers != 0 {
						t.Errorf("%s owned %v, and %v after %d take-overs", m.name, before[m.name], after[m.name], m.State().Takeovers)
					}
				}
				// One that has died before the clock is set again is dead after it.
				members[2].network.sever()
				time.Sleep(time.Second)
				c.set(0)
				took := until(t, "two own all", func() bool { _, n := owners(members[:2], webhooks); return n == len(webhooks) })
				if took > 14*time.Second { // the age of its last beat was not known
					t.Errorf("taking over took %v, want at most lease + 4s", took)
				}
				time.Sleep(10 * time.Second)
				if s := members[0].State(); s.Members != 2 {
					t.Errorf("%d members live, want 2", s.Members)
				}
			})
		})
	}
}

// An owner that falls silent begins nothing after its lease less three seconds, and what
// it records later is late and does not move the queue.
func TestSilence(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		a := run(t, c, "h0", declared("a"), member.Options{})
		until(t, "h0 owns a", func() bool { return a.Owns("a") })
		b := run(t, c, "h1", member.Declaration{File: "none"}, member.Options{})
		for i := range 4 {
			post(t, a, fmt.Sprint("e", i), "a")
		}
		late := claim(t, a, "a", "e0")
		b.Declare(declared("a")) // whoever it goes to, a has it now
		a.network.sever()
		begun := time.Now()
		for time.Since(begun) < 6*time.Second { // as there is a beat each two seconds, seven remain at most
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if l, ok := a.Queue("a").Claim(queue.Retries); ok {
			t.Errorf("claimed %d without a lease", l.Seq)
		}
		until(t, "h1 owns a", func() bool { return b.Owns("a") })
		delivered(claim(t, b, "a", "e0"))
		delivered(late)
		delivered(claim(t, b, "a", "e1"))
		a.network.restore()
		until(t, "h0 has written what it knew", func() bool { return a.State().Late == 1 })
		delivered(claim(t, b, "a", "e2"))
		delivered(claim(t, b, "a", "e3"))
		until(t, "nothing waits", func() bool { return b.Queue("a").Backlog().Events == 0 })
	})
}

// A single host that lost the database for a while writes what it knew then, and sends
// nothing twice.
func TestAlone(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		a := run(t, c, "h0", declared("a"), member.Options{})
		until(t, "h0 owns a", func() bool { return a.Owns("a") })
		for i := range 3 {
			post(t, a, fmt.Sprint("e", i), "a")
		}
		first, second := claim(t, a, "a", "e0"), claim(t, a, "a", "e1")
		a.network.sever()
		time.Sleep(5 * time.Minute)
		delivered(first)
		delivered(second)
		if _, ok := a.Queue("a").Claim(queue.Retries); ok {
			t.Error("a delivery was begun without a lease")
		}
		a.network.restore()
		delivered(claim(t, a, "a", "e2"))
		if err := a.Flush(); err != nil || a.State().Late != 0 {
			t.Errorf("%v; %d lines are late", err, a.State().Late)
		}
		a.stop()
		a = run(t, c, "h0", declared("a"), member.Options{})
		until(t, "h0 owns a again", func() bool { return a.Owns("a") })
		if b := a.Queue("a").Backlog(); b.Events != 0 {
			t.Errorf("%d deliveries wait, want none", b.Events)
		}
	})
}

func TestSecondMemberOfTheNameEnds(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		a := run(t, c, "h0", declared("a"), member.Options{})
		until(t, "h0 owns a", func() bool { return a.Owns("a") })
		second := run(t, c, "h0", declared("a"), member.Options{})
		time.Sleep(15 * time.Second)
		second.stop()
		var taken *member.NameTakenError
		if !errors.As(second.err, &taken) {
			t.Errorf("got %v, want an error", second.err)
		}
		if a.stop(); a.err != nil {
			t.Errorf("the first one ended with %v", a.err)
		}
	})
}

// A file that is newer decides who owns a webhook; the others learn of it.
func TestNewestEntryOwns(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		webhooks := names(12)
		members := three(t, c, webhooks)
		d := declared(webhooks...)
		d.File, d.Edited = "changed", true
		d.Digests["w0"] = "2"
		owner := slices.IndexFunc(members, func(m *running) bool { return m.Owns("w0") })
		editor := members[(owner+1)%3]
		if n := editor.Number(d.File, true); n != 2 {
			t.Errorf("got generation %d, want 2", n)
		}
		editor.Declare(d)
		until(t, "the member with the newest entry owns it", func() bool { return editor.Owns("w0") })
		if n, hash := editor.Generation(); n != 2 || hash != "changed" {
			t.Errorf("got generation %d of %s", n, hash)
		}
		if got := members[owner].Differing("w0"); !slices.Equal(got, []string{editor.name}) {
			t.Errorf("got %v, want %s", got, editor.name)
		}
		for _, m := range members {
			m.Declare(d)
		}
		until(t, "all have the same file", func() bool { return len(editor.Differing("w0")) == 0 })
		if n := members[owner].Number("changed", true); n != 2 {
			t.Errorf("got generation %d of the same file, want 2", n)
		}
		// A restart with the file that it had is no news.
		editor.stop()
		editor = run(t, c, editor.name, d, member.Options{})
		until(t, "it is back", func() bool { n, _ := editor.Generation(); return n == 2 })
	})
}

func TestUndeclared(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		members := three(t, c, names(12))
		less := declared(names(11)...)
		for i, m := range members {
			if !members[0].Declared("w11") {
				t.Fatalf("undeclared while %d members declare it", 3-i)
			}
			less.Edited = true
			m.Declare(less)
			time.Sleep(5 * time.Second)
		}
		until(t, "nobody declares w11", func() bool { return !members[0].Declared("w11") })
		if _, n := owners(members, []string{"w11"}); n != 1 {
			t.Errorf("%d members own what nobody declares, want one", n)
		}
	})
}

// A former name goes where the new one is, with its deliveries.
func TestRenamedWebhookIsOwnedWithItsFormerName(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		members := three(t, c, names(12))
		d := declared("new", "w1", "w2")
		d.Was["new"], d.Edited = "w0", true
		for _, m := range members {
			m.Declare(d)
		}
		until(t, "one owns both", func() bool {
			for _, m := range members {
				if m.Owns("new") && m.Owns("w0") {
					return true
				}
			}
			return false
		})
	})
}

func TestAsks(t *testing.T) {
	inCluster(t, func(t *testing.T, c *cluster) {
		a := run(t, c, "h0", declared("a"), member.Options{Do: func(_ context.Context, a member.Asked) json.RawMessage {
			time.Sleep(20 * time.Second) // it takes long, and is waited for
			return json.RawMessage(fmt.Sprintf(`{"did":%q,"with":%s}`, a.Kind+" "+a.Webhook, a.Arguments))
		}})
		b := run(t, c, "h1", member.Declaration{File: "none"}, member.Options{})
		until(t, "h0 owns a", func() bool { return a.Owns("a") && b.Owner("a") == "h0" })
		answer, err := b.Ask(t.Context(), member.Asked{Webhook: "a", Kind: "retry", Arguments: json.RawMessage(`{"x": 1}`)})
		var got struct {
			Did  string
			With map[string]int
		}
		if err != nil || json.Unmarshal(answer, &got) != nil || got.Did != "retry a" || got.With["x"] != 1 {
			t.Errorf("got %s, %v", answer, err)
		}
		if _, err := b.Ask(t.Context(), member.Asked{Webhook: "nobody's", Kind: "retry"}); !errors.Is(err, member.ErrNoOwner) {
			t.Errorf("got %v, want ErrNoOwner", err)
		}
	})
}
