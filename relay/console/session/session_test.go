package session_test

import (
	"encoding/base64"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/console/session"
)

// in runs a test in a bubble, with a Keeper.
func in(t *testing.T, test func(*testing.T, *session.Keeper)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, session.New()) })
}

// has reports whether a cookie has a session, without using it.
func has(k *session.Keeper, cookie string) bool {
	_, ok := k.Look(cookie)
	return ok
}

func TestLinkIsUsedOnce(t *testing.T) {
	in(t, func(t *testing.T, k *session.Keeper) {
		for _, level := range []session.Level{session.View, session.Edit} {
			code, expires := k.Link(level)
			if got := time.Until(expires); got != time.Minute {
				t.Errorf("it expires in %v", got)
			}
			e, ok := k.Enter(code)
			if got, known := k.Use(e.Cookie); !ok || !known || got != level || e.Level != level {
				t.Errorf("got a session of level %d, %t, %t, want %d", got, ok, known, level)
			}
			if _, ok := k.Enter(code); ok {
				t.Error("it can be used again")
			}
		}
		for _, wrong := range []string{"", "x"} {
			if _, ok := k.Enter(wrong); ok || has(k, wrong) {
				t.Errorf("%q is a code or a cookie", wrong)
			}
		}
	})
}

// One of many who come at once gets in.
func TestLinkIsUsedOnceAtOnce(t *testing.T) {
	k := session.New()
	code, _ := k.Link(session.Edit)
	var entered atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, ok := k.Enter(code); ok {
				entered.Add(1)
			}
		})
	}
	if all.Wait(); entered.Load() != 1 {
		t.Errorf("%d got in", entered.Load())
	}
}

func TestLinkExpires(t *testing.T) {
	for after, want := range map[time.Duration]bool{time.Minute - 1: true, time.Minute: false} {
		in(t, func(t *testing.T, k *session.Keeper) {
			code, _ := k.Link(session.View)
			time.Sleep(after)
			if _, got := k.Enter(code); got != want {
				t.Errorf("after %v: %t", after, got)
			}
		})
	}
}

// A session ends after 8 hours without use, and after 24 in all; looking is no use.
func TestSessionEnds(t *testing.T) {
	use := func(k *session.Keeper, cookie string) bool { _, ok := k.Use(cookie); return ok }
	for _, c := range []struct {
		name  string
		touch func(*session.Keeper, string) bool
		want  time.Duration
	}{
		{"used", use, 24 * time.Hour},
		{"looked at", has, 8 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T, k *session.Keeper) {
				cookie := k.Begin(session.View).Cookie
				start := time.Now()
				for c.touch(k, cookie) {
					time.Sleep(30 * time.Minute)
				}
				if got := time.Since(start); got != c.want {
					t.Errorf("it ended after %v, want %v", got, c.want)
				}
			})
		})
	}
	in(t, func(t *testing.T, k *session.Keeper) {
		cookie := k.Begin(session.View).Cookie
		time.Sleep(8*time.Hour - 1)
		if !use(k, cookie) {
			t.Error("it ended early")
		}
	})
}

func TestKey(t *testing.T) {
	in(t, func(t *testing.T, k *session.Keeper) {
		a, b := k.Begin(session.Edit), k.Begin(session.Edit)
		for _, c := range []struct {
			cookie, key string
			want        bool
		}{
			{a.Cookie, a.Key, true},
			{a.Cookie, "", false},
			{a.Cookie, a.Cookie, false},
			{a.Cookie, b.Key, false},
			{"", a.Key, false},
			{b.Cookie, a.Key, false},
			{b.Cookie, b.Key, true},
		} {
			if got := k.HasKey(c.cookie, c.key); got != c.want {
				t.Errorf("%q with %q: %t", c.cookie, c.key, got)
			}
		}
		time.Sleep(session.Idle)
		if k.HasKey(a.Cookie, a.Key) {
			t.Error("the key outlives its session")
		}
	})
}

// TestRandom: codes, cookies and keys are of 256 bits, and differ.
func TestRandom(t *testing.T) {
	k, seen := session.New(), map[string]bool{}
	for range 100 {
		code, _ := k.Link(session.View)
		e := k.Begin(session.View)
		for _, text := range []string{code, e.Cookie, e.Key} {
			if bits, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(bits) != 32 || seen[text] {
				t.Fatalf("%q: %v, seen before: %t", text, err, seen[text])
			}
			seen[text] = true
		}
	}
}

// TestBounds: of links and sessions the newest stay.
func TestBounds(t *testing.T) {
	in(t, func(t *testing.T, k *session.Keeper) {
		var codes, cookies []string
		for range 1000 {
			code, _ := k.Link(session.View)
			codes = append(codes, code)
			cookies = append(cookies, k.Begin(session.View).Cookie)
		}
		sessions := 0
		for i := range cookies {
			if has(k, cookies[i]) {
				if sessions++; i < 1000-64 {
					t.Errorf("session %d is still there", i)
				}
			}
		}
		links := 0
		for i := range codes {
			if _, ok := k.Enter(codes[i]); ok {
				if links++; i < 1000-32 {
					t.Errorf("link %d is still good", i)
				}
			}
		}
		if sessions != 64 || links != 32 {
			t.Errorf("%d sessions and %d links", sessions, links)
		}
	})
}

// TestStreams: a session has four streams at most, as have those without one together.
func TestStreams(t *testing.T) {
	in(t, func(t *testing.T, k *session.Keeper) {
		a, b := k.Begin(session.View).Cookie, k.Begin(session.View).Cookie
		for _, cookie := range []string{a, b, ""} {
			var ends []func()
			for range 10 {
				if end, ok := k.Stream(cookie); ok {
					ends = append(ends, end)
				}
			}
			if len(ends) != 4 {
				t.Errorf("%d streams are open", len(ends))
			}
			ends[0]()
			ends[0]() // does nothing more
			if _, ok := k.Stream(cookie); !ok {
				t.Error("a stream that ended leaves no room")
			}
			if _, ok := k.Stream(cookie); ok {
				t.Error("one that ended leaves room for two")
			}
		}
	})
}

// TestTokens: five may be wrong in a minute, and then no token is even tried.
func TestTokens(t *testing.T) {
	in(t, func(t *testing.T, k *session.Keeper) {
		tried := 0
		try := func(right bool) (bool, time.Duration) {
			return k.TryToken(func() bool { tried++; return right })
		}
		for i := range 5 {
			if right, wait := try(false); right || wait != 0 {
				t.Fatalf("%d: got %t, %v", i, right, wait)
			}
			if right, wait := try(true); !right || wait != 0 {
				if i < 4 {
					t.Fatalf("a right one after %d wrong ones: %t, %v", i+1, right, wait)
				}
			} else if i == 4 {
				t.Fatal("a right one is taken after 5 wrong ones")
			}
			time.Sleep(10 * time.Second)
		}
		before := tried
		if right, wait := try(true); right || wait != 10*time.Second || tried != before {
			t.Errorf("got %t, wait %v, tried %d", right, wait, tried-before)
		}
		time.Sleep(10*time.Second - 1)
		if _, wait := try(true); wait != 1 {
			t.Errorf("wait %v", wait)
		}
		time.Sleep(time.Nanosecond)
		if right, wait := try(true); !right || wait != 0 {
			t.Errorf("after a minute: %t, %v", right, wait)
		}
		if _, wait := try(false); wait != 0 {
			t.Errorf("a wrong one after a minute: %v", wait)
		}
		if _, wait := try(false); wait != 10*time.Second {
			t.Errorf("the minute is not a moving one: %v", wait)
		}
	})
}
