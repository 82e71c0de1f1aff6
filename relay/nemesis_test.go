//go:build linux

package relay_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidehook/history/postgres/postgrestest"
)

// nemesisFor is how long each nemesis is repeated, such as 5m. Without it, it comes once.
const nemesisFor = "SIDEHOOK_TEST_NEMESIS"

// again reports whether a nemesis comes once more.
func again(t *testing.T) func() bool {
	begun, d := time.Now(), time.Duration(0)
	if text := os.Getenv(nemesisFor); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	round := 0
	return func() bool {
		round++
		return round == 1 || time.Since(begun) < d
	}
}

// skipNemeses skips what needs processes and time.
func skipNemeses(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
}

// handover is when a webhook has a new owner, after its owner has let it go: others see
// that at their next beat.
const handover = 2 * time.Second

// lapse is when a webhook has a new owner, after its owner fell silent.
const lapse = lease + 2*time.Second

// nemesis disturbs a fleet, once.
type nemesis func(t *testing.T, f *fleet)

// disturb runs a nemesis as a test of its own, on a fleet of its own.
func disturb(t *testing.T, name string, newFleet func(t *testing.T) *fleet, once nemesis) {
	t.Run(name, func(t *testing.T) {
		f := newFleet(t)
		f.flows()
		for more := again(t); more(); {
			once(t, f)
			f.settle()
			f.flows()
		}
		f.check()
	})
}

// TestNemesesOfSidecars disturbs three sidecars under load, on a database that is well.
func TestNemesesOfSidecars(t *testing.T) {
	skipNemeses(t)
	db := postgrestest.StartReplicated(t, "fsync=off")
	run := func(name string, once nemesis) {
		disturb(t, name, func(t *testing.T) *fleet { return newFleet(t, db.OwnerURL(), db.URL(), "require") }, once)
	}
	turn := 0
	next := func(f *fleet) *sidecar { turn++; return f.sidecars[turn%len(f.sidecars)] }
	run("kill -9", func(t *testing.T, f *fleet) {
		s := next(f)
		begun := time.Now()
		f.during("", func() { s.end(syscall.SIGKILL) })
		f.soon("others own what it had", func() bool { return f.owns(s.name) == 0 })
		if took := time.Since(begun); took > lapse+slack {
			t.Errorf("taking over took %v, want %v", took, lapse)
		}
		f.flows()
		s.start()
	})
	run("SIGSTOP beyond the lease", func(t *testing.T, f *fleet) {
		s := next(f)
		f.during(s.name, func() {
			s.signal(syscall.SIGSTOP)
			time.Sleep(lapse + time.Second)
			s.signal(syscall.SIGCONT)
		})
	})
	run("SIGTERM in turn", func(t *testing.T, f *fleet) {
		for _, s := range f.sidecars {
			if err := s.end(syscall.SIGTERM); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
			if got := f.owns(s.name); got != 0 {
				t.Errorf("%s has ended, and owns %d webhooks", s.name, got)
			}
			begun := time.Now()
			f.settle()
			if took := time.Since(begun); took > handover+slack {
				t.Errorf("handing over took %v, want %v", took, handover)
			}
			s.start()
			f.settle()
		}
	})
	run("a host whose file differs", func(t *testing.T, f *fleet) {
		s := f.sidecars[2]
		if err := s.end(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		f.lacking = "plain3"
		var text []string
		for line := range strings.Lines(f.file(s.name)) {
			if !strings.Contains(line, "name: plain3,") {
				text = append(text, strings.Replace(line, "timeout: 10s, concurrency: 4, order", "timeout: 11s, concurrency: 4, order", 1))
			}
		}
		s.write(strings.Join(text, ""))
		s.start()
		// Its entry of keyed is newer, and it has none of plain3.
		f.soon("it owns keyed", func() bool { return f.owner("keyed") == s.name })
		f.soon("another owns plain3", func() bool { o := f.owner("plain3"); return o == "a" || o == "b" })
		f.flows()
		s.write(f.file(s.name))
		if err := s.end(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		s.start()
	})
	run("two of one name", func(t *testing.T, f *fleet) {
		s := f.sidecars[0]
		second := &sidecar{process: newProcess(t, t.TempDir(), f.file(s.name)), name: s.name}
		cmd, err := second.begin()
		if err != nil {
			t.Fatal(err)
		}
		giveUp := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer giveUp.Stop()
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("the second one ended with %v, want code 1", err)
		}
		if log := second.log.String(); !strings.Contains(log, "another sidehook") {
			t.Errorf("the second one logged:\n%s", log)
		}
	})
}
