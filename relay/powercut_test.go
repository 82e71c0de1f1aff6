//go:build linux

package relay_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// volume is an ext4 file system in a file, whose power can be cut.
type volume struct {
	t            *testing.T
	image, mount string
}

// newVolume skips the test where no volume can be had.
func newVolume(t *testing.T) *volume {
	if testing.Short() || os.Getuid() != 0 {
		t.Skip("mounts a volume, which needs root and time")
	}
	dir := t.TempDir()
	v := &volume{t, filepath.Join(dir, "image"), filepath.Join(dir, "mnt")}
	if err := os.Mkdir(v.mount, 0o700); err != nil {
		t.Fatal(err)
	}
	v.format(100<<20, 0)
	return v
}

// format makes the image, of a size, and mounts it. Its first bytes, so many, have room of
// their own on what it lies on.
func (v *volume) format(size, room int64, options ...string) {
	v.t.Helper()
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		v.t.Fatal(err)
	}
	if err := os.Truncate(v.image, size); err != nil {
		v.t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", append(options, "-q", "-F", v.image)...).CombinedOutput(); err != nil {
		v.t.Skipf("cannot make a file system here: %v %s", err, out)
	}
	if room > 0 {
		file, err := os.OpenFile(v.image, os.O_RDWR, 0)
		if err == nil {
			err = errors.Join(unix.Fallocate(int(file.Fd()), 0, 0, room), file.Close())
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
	if out, err := exec.Command("mount", "-o", "loop", v.image, v.mount).CombinedOutput(); err != nil {
		v.t.Skipf("cannot mount here: %v %s", err, out)
	}
	v.t.Cleanup(func() { exec.Command("umount", v.mount).Run() })
}

// cutPower drops all that is not on disk: FS_IOC_SHUTDOWN without flushing the
// journal (linux/fs.h). From then on all I/O fails.
func (v *volume) cutPower() {
	v.t.Helper()
	dir, err := os.Open(v.mount)
	if err != nil {
		v.t.Fatal(err)
	}
	defer dir.Close()
	const shutdown, withoutFlush = 0x8004587d, 2
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), shutdown, withoutFlush); err != nil {
		v.t.Skipf("cannot shut a volume down here: %v", err)
	}
}

// powerOff unmounts it, and powerOn mounts it as it was left.
func (v *volume) powerOff() { v.run("umount", v.mount) }

func (v *volume) powerOn() { v.run("mount", "-o", "loop", v.image, v.mount) }

func (v *volume) run(name string, args ...string) {
	v.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		v.t.Fatalf("%s %v: %v %s", name, args, err, out)
	}
}

// TestPowerCuts cuts the power of the history's volume under load: what was
// acknowledged is there again, and arrives.
func TestPowerCuts(t *testing.T) {
	filesOnly(t)
	v := newVolume(t)
	s := newReceiver(t)
	dir := t.TempDir()
	p := newProcess(t, dir, fmt.Sprintf("history: {dir: %s}\nwebhooks:\n%s", filepath.Join(v.mount, "history"), hook(s, "one", "")))
	x := newTraffic()
	const cuts = 4
	for range cuts {
		cmd := p.launch()
		x.begin(p, 4)
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		v.cutPower()
		time.Sleep(20 * time.Millisecond) // what is acknowledged now would be a lie
		cmd.Process.Kill()
		cmd.Wait()
		x.stop()
		v.powerOff()
		v.powerOn()
	}
	p.launchHere()
	counted(t, cuts, x.acknowledged(), x.arrives(t, s, "/one"))
	if t.Failed() {
		t.Log(strings.TrimSpace(p.log.String()))
	}
}
