//go:build unix

package relay_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startsProcesses skips a test that does, in a short run.
func startsProcesses(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	filesOnly(t)
	t.Parallel()
}

// TestSleep stops the process under load for longer than a request may take, with
// SIGSTOP, and has it continue: nothing is lost, and of repeats there are no more than
// requests were in flight.
func TestSleep(t *testing.T) {
	startsProcesses(t)
	s := newReceiver(t)
	s.answer(func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) })
	p := newProgram(t, t.TempDir(), "webhooks:\n"+hook(s, "one", ", timeout: 2s")+hook(s, "two", ", timeout: 2s, concurrency: 2"))
	const sleeps, inFlight = 3, 16 + 2
	cmd := p.launchHere()
	x := newTraffic()
	x.begin(p, 6)
	for n := range sleeps {
		before := x.acknowledged()
		eventually(t, "events are acknowledged", func() bool { return x.acknowledged() > before+20 })
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(3-n) * time.Second) // the last one for less than the time-out
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	before := x.acknowledged()
	eventually(t, "events are acknowledged", func() bool { return x.acknowledged() > before })
	x.stop()
	repeats := x.arrives(t, s, "/one", "/two")
	counted(t, sleeps, x.acknowledged(), repeats)
	if repeats > sleeps*inFlight {
		t.Errorf("%d repeats, want at most %d", repeats, sleeps*inFlight)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if by, code := ended(cmd); by != 0 || code != 0 {
		t.Errorf("it ended by %v with code %d", by, code)
	}
	checkHistory(t, p.dir())
	if t.Failed() {
		t.Log(p.log.String())
	}
}

// TestDoubleStart starts a second process on the same history under load, by the same
// file and by one with another socket: it says why it cannot run, and the first one goes
// on as if nothing had been.
func TestDoubleStart(t *testing.T) {
	startsProcesses(t)
	s := newReceiver(t)
	p := newProgram(t, t.TempDir(), "webhooks:\n"+hook(s, "one", ", signature: none"))
	cmd := p.launchHere()
	x := newTraffic()
	x.begin(p, 4)
	other := newProgram(t, t.TempDir(), "history: {dir: '"+p.dir()+"/history'}\nwebhooks: []\n")
	starts := 0
	for _, second := range []*process{p, other, p, other} {
		second := &process{t: t, line: second.line}
		again, err := second.begin()
		if err != nil {
			t.Fatal(err)
		}
		starts++
		by, code := ended(again)
		said := strings.TrimSpace(second.log.String())
		if by != 0 || code != 1 || strings.Contains(said, "\n") || !strings.Contains(said, "history is in use by process ") {
			t.Errorf("the second one ended by %v with code %d and said %q", by, code, said)
		}
	}
	before := x.acknowledged()
	eventually(t, "events are acknowledged", func() bool { return x.acknowledged() > before })
	x.stop()
	repeats := x.arrives(t, s, "/one")
	counted(t, starts, x.acknowledged(), repeats)
	if repeats > 0 {
		t.Errorf("%d repeats", repeats)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if by, code := ended(cmd); by != 0 || code != 0 {
		t.Errorf("the first one ended by %v with code %d\n%s", by, code, p.log.String())
	}
	checkHistory(t, p.dir())
}

// TestStartsAtOnce starts some processes on a new folder at the same time: one runs, all
// others end.
func TestStartsAtOnce(t *testing.T) {
	startsProcesses(t)
	p := newProgram(t, t.TempDir(), "webhooks: []\n")
	var (
		mu    sync.Mutex
		codes []int
		wait  sync.WaitGroup
	)
	const starts = 5
	t.Cleanup(wait.Wait)
	for range starts {
		one := &process{t: t, line: p.line}
		cmd, err := one.begin()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		wait.Go(func() {
			_, code := ended(cmd)
			mu.Lock()
			defer mu.Unlock()
			codes = append(codes, code)
		})
	}
	eventually(t, "all others end", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(codes) >= starts-1
	})
	eventually(t, "one is ready", func() bool { return p.read("/readyz", nil) == http.StatusOK })
	mu.Lock()
	defer mu.Unlock()
	if want := slices.Repeat([]int{1}, starts-1); !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
}
