//go:build linux

package relay_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newThinVolume is a volume whose image promises more than what it lies on has room for:
// where that ends, a write succeeds and its fsync fails. fill takes what is left, and
// free gives it back.
func newThinVolume(t *testing.T) (v *volume, fill, free func()) {
	if testing.Short() || os.Getuid() != 0 {
		t.Skip("mounts a volume, which needs root and time")
	}
	dir := t.TempDir()
	thin := filepath.Join(dir, "thin")
	v = &volume{t, filepath.Join(thin, "image"), filepath.Join(dir, "mnt")}
	for _, path := range []string{thin, v.mount} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", thin).CombinedOutput(); err != nil {
		t.Skipf("cannot mount here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", thin).Run() })
	// What ext4 itself needs, its journal too, is at the beginning and has room.
	v.format(64<<20, 6<<20, "-E", "packed_meta_blocks=1,lazy_itable_init=0", "-J", "size=4", "-N", "256")
	hog := filepath.Join(thin, "hog")
	fill = func() {
		t.Helper()
		if out, err := exec.Command("dd", "if=/dev/zero", "of="+hog, "bs=64k").CombinedOutput(); err == nil {
			t.Fatalf("what the image lies on is not full: %s", out)
		}
	}
	free = func() {
		t.Helper()
		if err := os.Remove(hog); err != nil {
			t.Fatal(err)
		}
	}
	return v, fill, free
}

// TestFsyncFails: where an fsync fails, the kernel has dropped what was written, and says
// at the next one that all is well. Whoever waits for it gets no 202, the process ends with
// an error, and what was acknowledged before is there after the next start.
func TestFsyncFails(t *testing.T) {
	filesOnly(t)
	v, fill, free := newThinVolume(t)
	s := newReceiver(t)
	p := newProcess(t, t.TempDir(), fmt.Sprintf("history: {dir: %s}\nwebhooks:\n%s", filepath.Join(v.mount, "history"), hook(s, "one", "")))
	x := newTraffic()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.log.String())
		}
	})
	const times = 3
	for round := range times {
		cmd := p.launchHere()
		post := func(n int) int { return x.post(p, fmt.Sprintf("e-%d-%d", round, n)) }
		for n := range 30 {
			if code := post(n); code != 202 {
				t.Fatalf("answer %d before anything failed", code)
			}
		}
		fill()
		answers := map[int]int{}
		for n := 30; answers[503]+answers[0] < 5; n++ {
			if n == 5000 {
				t.Fatalf("no fsync fails: answers %v", answers)
			}
			answers[post(n)]++
		}
		for code := range answers {
			if code != 202 && code != 503 && code != 0 {
				t.Errorf("answers %v, want 503 after 202, until it has ended", answers)
			}
		}
		if by, code := ended(cmd); by != 0 || code != 1 {
			t.Errorf("it ended by signal %d with code %d, want code 1", by, code)
		}
		if log := p.log.String(); strings.Count(log, "the journal failed; sidehook exits") != round+1 {
			t.Errorf("the log says\n%s", log)
		}
		free() // before it is unmounted, which writes what ext4 itself has in its journal
		v.powerOff()
		v.powerOn()
	}
	p.launchHere()
	counted(t, times, x.acknowledged(), x.arrives(t, s, "/one"))
}
