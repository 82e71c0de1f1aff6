//go:build linux

package relay_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFolderTaken takes the folder of the history away under load. Its files go on taking
// writes and syncs, which nobody would find again: the process ends, and acknowledges
// nothing from then on. Once the folder is back, all that was acknowledged arrives.
func TestFolderTaken(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	filesOnly(t)
	over := func(args ...string) func(t *testing.T, folder string) error {
		return func(t *testing.T, folder string) error {
			if os.Getuid() != 0 {
				t.Skip("mounts a volume, which needs root and time")
			}
			if out, err := exec.Command("mount", append(args, folder)...).CombinedOutput(); err != nil {
				t.Skipf("cannot mount here: %v %s", err, out)
			}
			return nil
		}
	}
	away := func(folder string) string { return folder + ".old" }
	back := func(folder string) error {
		return errors.Join(os.RemoveAll(folder), os.Rename(away(folder), folder))
	}
	for _, c := range []struct {
		name string
		take func(t *testing.T, folder string) error
		back func(folder string) error
	}{
		{"moved", func(_ *testing.T, folder string) error { return os.Rename(folder, away(folder)) }, back},
		{"replaced by an empty one", func(_ *testing.T, folder string) error {
			return errors.Join(os.Rename(folder, away(folder)), os.Mkdir(folder, 0o700))
		}, back},
		{"replaced by a copy", func(_ *testing.T, folder string) error {
			return errors.Join(os.Rename(folder, away(folder)), os.CopyFS(folder, os.DirFS(away(folder))))
		}, back},
		{"mounted over", over("-t", "tmpfs", "tmpfs"), func(folder string) error { return exec.Command("umount", folder).Run() }},
		{"deleted", func(_ *testing.T, folder string) error {
			for os.RemoveAll(folder) != nil { // a file was created meanwhile
			}
			return nil
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newReceiver(t)
			dir := t.TempDir()
			folder := filepath.Join(dir, "history")
			p := newProcess(t, dir, "webhooks:\n"+hook(s, "one", ""))
			cmd := p.launchHere()
			x := newTraffic()
			x.begin(p, 4)
			eventually(t, "events are accepted", func() bool { return x.acknowledged() > 100 })
			if err := c.take(t, folder); err != nil {
				t.Error(err)
			}
			if c.name == "mounted over" {
				t.Cleanup(func() { exec.Command("umount", "-l", folder).Run() })
			}
			for n, code := 0, 503; code != 0; n++ {
				if code = x.post(p, fmt.Sprint("late-", n)); code == 202 {
					t.Fatal("it goes on without its folder")
				}
			}
			if by, code := ended(cmd); by != 0 || code != 1 {
				t.Errorf("it ended by signal %d with code %d, want code 1", by, code)
			}
			x.stop()
			if c.back == nil { // what waited is lost
				t.Attr("times", "1")
				return
			}
			if err := c.back(folder); err != nil {
				t.Fatal(err)
			}
			p.launchHere()
			counted(t, 1, x.acknowledged(), x.arrives(t, s, "/one"))
			if t.Failed() {
				t.Log(p.log.String())
			}
		})
	}
}
