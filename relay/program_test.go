package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sidehook/history/verify"
)

// asProgram makes the test binary the program itself.
const asProgram = "SIDEHOOK_TEST_PROGRAM"

// newProgram is a process that is `sidehook run`, by a command line that ends with it: a
// shell, say, that lowers a limit before.
func newProgram(t *testing.T, dir, rest string, by ...string) *process {
	t.Helper()
	p := newProcess(t, dir, rest)
	p.line = append(by, os.Args[0], "run", "--config", p.path)
	return p
}

// read reads the answer to a GET, and returns its status, 0 without an answer.
func (p *process) read(path string, answer any) int {
	resp, err := p.client.Get("http://localhost" + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if answer != nil && resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			p.t.Errorf("GET %s: %v", path, err)
		}
	}
	io.Copy(io.Discard, resp.Body) // so that the connection is kept
	return resp.StatusCode
}

// ended returns how a process ended: by a signal, or with an exit code.
func ended(cmd *exec.Cmd) (by syscall.Signal, code int) {
	cmd.Wait()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return status.Signal(), 0
	}
	return 0, status.ExitStatus()
}

// traffic is what posters have posted to a process, and what of it was acknowledged.
type traffic struct {
	mu            sync.Mutex
	posted, acked map[string]bool
	round         int
	cancel        context.CancelFunc
	posting       sync.WaitGroup
}

func newTraffic() *traffic {
	return &traffic{posted: map[string]bool{}, acked: map[string]bool{}, cancel: func() {}}
}

// begin starts posters, which post one event after the other until stop.
func (x *traffic) begin(p *process, posters int) {
	ctx, cancel := context.WithCancel(p.t.Context())
	x.cancel = cancel
	x.round++
	for n := range posters {
		x.posting.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if x.post(p, fmt.Sprintf("e-%d-%d-%d", x.round, n, i)) == 0 {
					pause(ctx, time.Millisecond)
				}
			}
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// post posts one event and returns the status, 0 without an answer.
func (x *traffic) post(p *process, id string) int {
	code := p.post(id)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.posted[id] = true
	if code == http.StatusAccepted {
		x.acked[id] = true
	}
	return code
}

// stop returns after the last answer.
func (x *traffic) stop() {
	x.cancel()
	x.posting.Wait()
}

// acknowledged is how many events were.
func (x *traffic) acknowledged() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.acked)
}

// arrives waits until all that was acknowledged has arrived at each of some webhooks, and
// reports what was never posted. It returns how many requests came again.
func (x *traffic) arrives(t *testing.T, s *receiver, webhooks ...string) (repeats int) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.acked) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	for id := range x.acked {
		for _, webhook := range webhooks {
			eventually(t, id+" arrives at "+webhook, func() bool { return s.count(webhook, id) > 0 })
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if _, id, _ := strings.Cut(key, " "); !x.posted[id] {
			t.Errorf("%s arrived and was never posted", key)
		}
		repeats += n - 1
	}
	return repeats
}

// checkHistory reads every line of a history.
func checkHistory(t *testing.T, dir string) {
	t.Helper()
	checker, err := verify.Open(filepath.Join(dir, "history"))
	if err != nil {
		t.Fatal(err)
	}
	defer checker.Close()
	if checked, err := checker.Check(func(int64, int64) {}); err != nil || len(checked.Problems) > 0 {
		t.Errorf("check: %v %v", err, checked.Problems)
	}
}

// dir is the folder of its file.
func (p *process) dir() string { return filepath.Dir(p.path) }

// text is what a GET answers, "" without an answer.
func (p *process) text(path string) string {
	resp, err := p.client.Get("http://localhost" + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}
