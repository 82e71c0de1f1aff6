//go:build linux

package relay_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// group is a cgroup with a memory limit.
type group struct {
	dir   string
	kills func() int // by the kernel, for want of memory
}

// newGroup skips the test where there can be none. The end of the test removes it.
func newGroup(t *testing.T, limit int) *group {
	t.Helper()
	for _, files := range []struct{ root, limit, swap, kills string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control"},
		{"/sys/fs/cgroup", "memory.max", "memory.swap.max", "memory.events"},
	} {
		g := &group{dir: filepath.Join(files.root, fmt.Sprintf("sidehook-test-%x", rand.Uint64()))}
		if os.Mkdir(g.dir, 0o700) != nil {
			continue
		}
		t.Cleanup(func() {
			for range 100 { // the kernel may not have done with those that have ended
				if os.Remove(g.dir) == nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Errorf("cannot remove %s", g.dir)
		})
		set := func(name string) error {
			file, err := os.OpenFile(filepath.Join(g.dir, name), os.O_WRONLY, 0) // it is there, or this is no cgroup
			if err == nil {
				_, err = file.WriteString(strconv.Itoa(limit))
				err = errors.Join(err, file.Close())
			}
			return err
		}
		if set(files.limit) != nil {
			continue
		}
		_ = set(files.swap) // not everywhere
		g.kills = func() int {
			text, _ := os.ReadFile(filepath.Join(g.dir, files.kills))
			for line := range strings.Lines(string(text)) {
				if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
					kills, _ := strconv.Atoi(strings.TrimSpace(n))
					return kills
				}
			}
			return -1
		}
		return g
	}
	t.Skip("cannot make a memory cgroup here")
	return nil
}

// line begins a command line that runs in the group. The kernel takes the process with
// the higher score first.
func (g *group) line(score int) []string {
	return []string{"sh", "-c", fmt.Sprintf(`echo $$ > %s/cgroup.procs && echo %d > /proc/self/oom_score_adj && exec "$0" "$@"`, g.dir, score)}
}

const mib = 1 << 20

// measuresMemory skips a test under the race detector, with which memory says nothing.
func measuresMemory(t *testing.T) {
	t.Helper()
	build, _ := debug.ReadBuildInfo()
	if slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector takes several times the memory")
	}
}

// TestKilledForMemory has the kernel kill the process under load, each time because
// another one in its cgroup takes the memory. Nothing is lost, and no kill repeats a delivery
// more than once. Of how many that is true has no bound: while the kernel looks for memory, it
// holds up what writes the outcomes.
func TestKilledForMemory(t *testing.T) {
	startsProcesses(t)
	g := newGroup(t, 96*mib)
	s := newReceiver(t)
	p := newProgram(t, t.TempDir(), "webhooks:\n"+hook(s, "one", "")+hook(s, "two", ", concurrency: 2"), g.line(1000)...)
	const kills = 4
	x := newTraffic()
	for range kills {
		cmd := p.launch()
		x.begin(p, 6)
		before := x.acknowledged()
		eventually(t, "events are acknowledged", func() bool { return x.acknowledged() > before+5 })
		hog := append(g.line(0), "tail", "/dev/zero") // it keeps all it reads, as there is no line
		greedy := exec.Command(hog[0], hog[1:]...)
		if err := greedy.Start(); err != nil {
			t.Fatal(err)
		}
		by, code := ended(cmd)
		greedy.Process.Kill()
		greedy.Wait()
		x.stop()
		if by != syscall.SIGKILL {
			t.Fatalf("it ended by %v with code %d\n%s", by, code, p.log.String())
		}
	}
	if n := g.kills(); n < kills {
		t.Errorf("the kernel killed %d times, want %d at least", n, kills)
	}
	p.launchHere()
	repeats := x.arrives(t, s, "/one", "/two")
	counted(t, kills, x.acknowledged(), repeats)
	s.mu.Lock()
	for key, n := range s.got {
		if n > 1+kills {
			t.Errorf("%s arrived %d times in spite of %d kills only", key, n, kills)
		}
	}
	s.mu.Unlock()
	checkHistory(t, p.dir())
}

// TestFloodWithinMemory posts large events from many connections at once to a process with
// little memory, whose receivers hang: it is not killed, and all that it acknowledged
// arrives once they answer.
func TestFloodWithinMemory(t *testing.T) {
	startsProcesses(t)
	measuresMemory(t)
	const events, webhooks = 400, 4
	g := newGroup(t, 128*mib)
	s := newReceiver(t)
	hang := make(chan struct{})
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	var hooks strings.Builder
	for n := range webhooks {
		hooks.WriteString(hook(s, fmt.Sprint("h", n), ", timeout: 2m"))
	}
	p := newProgram(t, t.TempDir(), "webhooks:\n"+hooks.String(), g.line(0)...)
	p.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 200
	cmd := p.launchHere()
	var acked sync.Map
	var accepted, next, unanswered atomic.Int64
	filler := strings.Repeat("x", 256<<10)
	var posting sync.WaitGroup
	for range 200 {
		posting.Go(func() {
			for n := next.Add(1); n <= events; n = next.Add(1) {
				id := fmt.Sprint("e-", n)
				resp, err := p.client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type":"a.b","id":"`+id+`","data":"`+filler+`"}`))
				if err != nil {
					unanswered.Add(1)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == http.StatusAccepted {
					accepted.Add(1)
					acked.Store(id, true)
				} else if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("answer %d", resp.StatusCode)
				}
			}
		})
	}
	posting.Wait()
	close(hang)
	if n := unanswered.Load(); n > 0 {
		t.Fatalf("%d posters got no answer; the kernel killed %d times\n%s", n, g.kills(), p.log.String())
	}
	for id := range acked.Range {
		for n := range webhooks {
			eventually(t, fmt.Sprint(id, " arrives at h", n), func() bool { return s.count(fmt.Sprint("/h", n), id.(string)) > 0 })
		}
	}
	counted(t, events, int(accepted.Load()), 0)
	if kills := g.kills(); kills != 0 || p.read("/readyz", nil) != http.StatusOK {
		t.Errorf("the kernel killed %d times; %v\n%s", kills, cmd.ProcessState, p.log.String())
	}
}
