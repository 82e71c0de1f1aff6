//go:build linux

package relay_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soakFor is how long TestSoak takes, such as 1h.
const soakFor = "SIDEHOOK_TEST_SOAK"

// soak is the program under a mixed load, and a nemesis that disturbs it at random.
type soak struct {
	*process
	*load
	to      *soakReceiver
	rand    *rand.Rand
	ends    *ends
	samples []sample
	done    map[string]int // nemeses by name
}

// soakFile is the file, with a concurrency and more keys of the webhook "slow".
func (s *soak) soakFile(concurrency int, more string) string {
	text := "history: {max_size: 1GiB}\nwebhooks:\n"
	for _, w := range []struct{ name, types, more string }{
		{"healthy", "a.plain", fmt.Sprintf(", concurrency: %d", concurrency)},
		{"failing", "a.plain", ", give_up_on: [400]"},
		{"slow", "a.plain", more},
		{"ordered", "a.ordered", ", order: all"},
		{"rated", "a.rated", ", rate: 40/s"},
	} {
		text += fmt.Sprintf("  - {name: %s, url: '%s/%s', events: [%s], allow: [http, any-host, 127.0.0.0/8], signature: none, timeout: 2s, retry: [200ms, 500ms, 1s, 2s, 5s, 5s, 5s, 10s, 10s, 10s]%s}\n",
			w.name, s.to.URL, w.name, w.types, w.more)
	}
	return text
}

// TestSoak has a nemesis at work for a while, which kills the process in the first quarter
// only: after that memory, descriptors and goroutines must not grow. At the end all that
// was acknowledged has arrived or has an end in the history.
func TestSoak(t *testing.T) {
	startsProcesses(t)
	takes := 8 * time.Second
	if text := os.Getenv(soakFor); text != "" {
		var err error
		if takes, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := &soak{to: newSoakReceiver(t), rand: rand.New(rand.NewPCG(seed, 0)), ends: &ends{}, done: map[string]int{}}
	s.process = newProgram(t, t.TempDir(), s.soakFile(16, ""))
	s.load = newLoad(s.process)
	defer func() {
		if t.Failed() {
			lines := strings.Split(s.log.String(), "\n")
			t.Log(strings.Join(lines[max(0, len(lines)-200):], "\n"))
		}
	}()
	cmd := s.launch()
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	s.load.begin()
	begun := time.Now()
	for swept := begun; ; {
		past := time.Since(begun)
		if past >= takes {
			break
		}
		if s.rand.IntN(4) == 0 && past < takes/4 {
			cmd.Process.Kill()
			cmd.Wait()
			s.write(s.soakFile(16, "")) // it does not start with a bad one
			cmd = s.launch()
			s.done["kill"]++
		} else {
			s.disturb(cmd.Process)
		}
		for range 1 + s.rand.IntN(5) {
			time.Sleep(100 * time.Millisecond)
			s.sample(time.Since(begun), takes)
		}
		if time.Since(swept) > 30*time.Second {
			swept = time.Now()
			s.ends.read(s.process)
		}
	}
	s.load.stop()
	s.recover()
	if takes >= flatFrom {
		s.flat()
	}
	acked, repeated := s.arrived()
	times := 0
	for _, n := range s.done {
		times += n
	}
	counted(t, times, acked, repeated)
	t.Logf("%v: %v; %d acknowledged, %d repeated, %d ended otherwise", takes, s.done, acked, repeated, s.ends.count())
	cmd.Process.Signal(syscall.SIGTERM)
	if by, code := ended(cmd); by != 0 || code != 0 {
		t.Errorf("it ended by %v with code %d", by, code)
	}
	checkHistory(t, s.dir())
	if size := folderSize(t, filepath.Join(s.dir(), "history")); size > 1<<30 {
		t.Errorf("the history has %d bytes, and max_size 1GiB", size)
	}
}

// recover takes all troubles away, and waits until nothing waits any more.
func (s *soak) recover() {
	s.to.mode.Store(good)
	s.write(s.soakFile(16, ""))
	for _, name := range []string{"healthy", "failing", "slow", "ordered", "rated"} {
		s.call("/v1/webhooks/"+name+"/retry", "")
		var w standing
		for begun, least := time.Now(), 1<<62; ; time.Sleep(50 * time.Millisecond) {
			if s.read("/v1/webhooks/"+name, &w) == 200 && w.Backlog.Events == 0 && w.InFlight == 0 {
				break
			}
			if w.Backlog.Events < least { // it gets less
				begun, least = time.Now(), w.Backlog.Events
			}
			if time.Since(begun) > patience {
				s.t.Fatalf("%s never delivers what waits: %+v", name, w)
			}
		}
	}
	s.ends.read(s.process)
}

// arrived checks that what was acknowledged has arrived, or has an end. It returns how many
// that are, and how many requests came again although they had been answered with 200.
func (s *soak) arrived() (acked, repeated int) {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	for n, kind := range s.load.acked() {
		if kind == 0 {
			continue
		}
		acked++
		for _, webhook := range wanted[kind] {
			if s.to.count(webhook, n) == 0 && !s.ends.has(webhook, n) {
				s.t.Errorf("event %d was acknowledged, did not arrive at %s, and has no end", n, webhook)
			}
		}
	}
	for webhook, got := range s.to.got {
		for n, times := range got {
			repeated += max(0, int(times)-1)
			if times > 0 && !s.load.posted(n) {
				s.t.Errorf("event %d arrived at %s and was never posted", n, webhook)
			}
		}
	}
	for _, problem := range s.to.disorder {
		s.t.Error(problem)
	}
	return acked, repeated
}

// sample is what the process has at a time.
type sample struct {
	quarter int
	values  [3]float64 // as measured
}

// measured are metrics, and how much more of each there may be in the last quarter than in
// the second one: a share, and so many on top. Of memory that is what the window of known
// ids takes until it has its 100,000, which is after a quarter of an hour.
var measured = []struct {
	name  string
	share float64
	more  float64
}{
	{"process_resident_memory_bytes", 0.25, 32 << 20},
	{"process_open_fds", 0.2, 32},
	{"go_goroutines", 0.2, 64},
}

var metricLine = regexp.MustCompile(`(?m)^(\w+) (\S+)$`)

// sample takes one, if the process answers.
func (s *soak) sample(past, takes time.Duration) {
	text := s.text("/metrics")
	one := sample{quarter: min(3, int(4*past/takes))}
	found := 0
	for _, line := range metricLine.FindAllStringSubmatch(text, -1) {
		for i, m := range measured {
			if line[1] == m.name {
				one.values[i], _ = strconv.ParseFloat(line[2], 64)
				found++
			}
		}
	}
	if found == len(measured) {
		s.samples = append(s.samples, one)
	}
}

// flatFrom is how long a run takes at least whose quarters can be compared: in seconds,
// what the process has depends on the nemesis of that moment.
const flatFrom = 5 * time.Minute

// flat compares the last quarter with the second one.
func (s *soak) flat() {
	for i, m := range measured {
		quarters := [4][]float64{}
		for _, one := range s.samples {
			quarters[one.quarter] = append(quarters[one.quarter], one.values[i])
		}
		second, last := median(quarters[1]), median(quarters[3])
		s.t.Logf("%s: %.0f in the second quarter, %.0f in the last one (medians of %d and %d)", m.name, second, last, len(quarters[1]), len(quarters[3]))
		if second == 0 || last > second*(1+m.share)+m.more {
			s.t.Errorf("%s grows from %.0f to %.0f", m.name, second, last)
		}
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func folderSize(t *testing.T, dir string) (size int64) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err == nil { // else it has just been removed
			size += info.Size()
		}
	}
	return size
}
