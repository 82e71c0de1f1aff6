//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// onVolume is a relay whose history is on a volume of its own, and its receiver.
func onVolume(t *testing.T) (*volume, *process, *receiver) {
	filesOnly(t)
	v := newVolume(t)
	s := newReceiver(t)
	rest := fmt.Sprintf("history: {dir: %s}\nwebhooks:\n%s", filepath.Join(v.mount, "history"), hook(s, "one", ""))
	return v, newProcess(t, t.TempDir(), rest), s
}

// TestFullVolume: events are refused, deliveries go on, and so does all else
// once there is room; nothing is lost and nothing sent twice.
func TestFullVolume(t *testing.T) {
	v, p, s := onVolume(t)
	p.launchHere()
	s.answer(func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) })
	var accepted []string
	post := func(id string) int {
		code := p.post(id)
		if code == 202 {
			accepted = append(accepted, id)
		}
		return code
	}
	for i := range 60 {
		post(fmt.Sprint("before-", i))
	}
	fill := filepath.Join(v.mount, "fill")
	if out, err := exec.Command("dd", "if=/dev/zero", "of="+fill, "bs=64k").CombinedOutput(); err == nil {
		t.Fatalf("the volume is not full: %s", out)
	}
	eventually(t, "events are refused", func() bool { return post(fmt.Sprint("full-", len(accepted))) == 507 })
	for _, id := range accepted {
		eventually(t, id+" arrives on a full disk", func() bool { return s.count("/one", id) > 0 })
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	eventually(t, "events are accepted again", func() bool { return post(fmt.Sprint("after-", len(accepted))) == 202 })
	for _, id := range accepted {
		eventually(t, id+" arrives", func() bool { return s.count("/one", id) > 0 })
	}
	counted(t, 1, len(accepted), s.repeated())
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}

// TestNoInodes: where no new segment can be begun, events are refused and
// deliveries go on, and all continues by itself once it can.
func TestNoInodes(t *testing.T) {
	filesOnly(t)
	if testing.Short() || os.Getuid() != 0 {
		t.Skip("mounts a volume, which needs root and time")
	}
	mount := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256m,nr_inodes=64", "tmpfs", mount).CombinedOutput(); err != nil {
		t.Skipf("cannot mount here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", mount).Run() })
	s := newReceiver(t)
	p := newProcess(t, t.TempDir(), fmt.Sprintf("history: {dir: %s}\nwebhooks:\n%s", filepath.Join(mount, "history"), hook(s, "one", "")))
	p.launchHere()
	var accepted []string
	filler := strings.Repeat("x", 1<<20-1024)
	post := func(id string) int {
		resp, err := p.client.Post("http://localhost/v1/events", "application/json", strings.NewReader(`{"type":"a.b","id":"`+id+`","data":"`+filler+`"}`))
		if err != nil {
			return 0
		}
		resp.Body.Close()
		if resp.StatusCode == 202 {
			accepted = append(accepted, id)
		}
		return resp.StatusCode
	}
	post("first")
	var files []string
	for {
		name := filepath.Join(mount, fmt.Sprint("inode-", len(files)))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			break
		}
		files = append(files, name)
	}
	if len(files) == 0 || len(files) > 64 {
		t.Fatalf("%d files fill the volume", len(files))
	}
	for n := 0; post(fmt.Sprint("full-", n)) == 202; n++ {
		if n == 100 {
			t.Fatal("no segment is begun")
		}
	}
	if code := post("refused"); code != 507 {
		t.Errorf("answer %d, want 507", code)
	}
	if code := post("first"); code != 200 {
		t.Errorf("answer %d to a repeat, want 200: it needs no room", code)
	}
	for _, id := range accepted {
		eventually(t, id+" arrives", func() bool { return s.count("/one", id) == 1 })
	}
	for _, name := range files {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if code := post("after"); code != 202 {
		t.Errorf("answer %d once there are inodes, want 202", code)
	}
	eventually(t, "it arrives", func() bool { return s.count("/one", "after") == 1 })
	segments, err := filepath.Glob(filepath.Join(mount, "history", "events-*.jsonl"))
	if err != nil || len(segments) != 2 {
		t.Errorf("segments %v, %v; want a second one", segments, err)
	}
	counted(t, 1, len(accepted), s.repeated())
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.got {
		if n != 1 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
}

// TestFrozenVolume holds answers back, as many as may wait for the disk; further
// requests are asked to come again. Nothing is lost, and what was written before
// can be looked at.
func TestFrozenVolume(t *testing.T) {
	const requests = 1024 + 100
	v, p, s := onVolume(t)
	p.launchHere()
	p.post("before")
	if out, err := exec.Command("fsfreeze", "-f", v.mount).CombinedOutput(); err != nil {
		t.Skipf("cannot freeze a volume here: %v %s", err, out)
	}
	thaw := sync.OnceValue(func() error { return exec.Command("fsfreeze", "-u", v.mount).Run() })
	defer thaw()
	answers := make(chan int, requests)
	for i := range requests {
		go func() {
			resp, err := p.client.Post("http://localhost/v1/events", "application/json", strings.NewReader(fmt.Sprintf(`{"type":"a.b","id":"frozen-%d"}`, i)))
			if err != nil {
				answers <- 0
				return
			}
			resp.Body.Close()
			if resp.StatusCode == 429 && resp.Header.Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			answers <- resp.StatusCode
		}()
	}
	count := map[int]int{}
	for deadline := time.After(patience); count[429] == 0; {
		select {
		case code := <-answers:
			count[code]++
		case <-deadline:
			t.Fatalf("no request is refused: %v", count)
		}
	}
	asked, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, path := range []string{"/v1/events/before", "/v1/deliveries"} {
		r, err := http.NewRequestWithContext(asked, "GET", "http://localhost"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.client.Do(r)
		if err != nil {
			t.Errorf("GET %s on a frozen volume: %v", path, err)
			continue
		}
		if resp.Body.Close(); resp.StatusCode != 200 {
			t.Errorf("GET %s on a frozen volume: %s", path, resp.Status)
		}
	}
	if err := thaw(); err != nil {
		t.Fatalf("thaw: %v", err)
	}
	for n := count[202] + count[429] + count[0]; n < requests; n++ {
		count[<-answers]++
	}
	if count[202] < 1024 || count[202]+count[429] < requests {
		t.Errorf("answers %v", count)
	}
	eventually(t, "what was accepted arrives", func() bool { return len(s.taken("/one")) == 1+count[202] })
	counted(t, 1, 1+count[202], s.repeated())
}

// TestReadOnlyVolume says at the start what is wrong.
func TestReadOnlyVolume(t *testing.T) {
	v, p, _ := onVolume(t)
	cmd := p.launch()
	p.post("before")
	cmd.Process.Kill()
	cmd.Wait()
	if out, err := exec.Command("mount", "-o", "remount,ro", v.mount).CombinedOutput(); err != nil {
		t.Skipf("cannot remount here: %v %s", err, out)
	}
	again := exec.Command(os.Args[0])
	again.Env = append(os.Environ(), relayOf+"="+p.path)
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "read-only file system; mount its volume for writing, or change history.dir") {
		t.Errorf("a start on a read-only volume: %v %s", err, out)
	}
}
