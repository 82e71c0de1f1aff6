//go:build linux

package relay_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sidehook/history/postgres/postgrestest"
)

// smallDisk makes a folder a file system of its own, or skips the test where none can be
// mounted.
func smallDisk(t *testing.T) func(dir string) error {
	return func(dir string) error {
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", dir).CombinedOutput(); err != nil {
			os.Remove(dir)
			t.Skipf("cannot mount here: %v %s", err, out)
		}
		t.Cleanup(func() {
			exec.Command("umount", dir).Run()
			os.Remove(dir)
		})
		return nil
	}
}

// TestNemesesOfDisk fills the disk of the database of three sidecars under load. The
// server may end for that, and is started again once there is room.
func TestNemesesOfDisk(t *testing.T) {
	skipNemeses(t)
	db := postgrestest.StartAt(t, postgrestest.Place{Host: "127.0.0.1", Disk: smallDisk(t)}, "min_wal_size=32MB", "max_wal_size=48MB", "shared_buffers=8MB")
	disturb(t, "the disk of the database is full", func(t *testing.T) *fleet {
		return newFleet(t, db.OwnerURL(), db.URL(), "storage")
	}, func(t *testing.T, f *fleet) {
		f.during("", func() {
			filler := filepath.Join(db.Dir, "filler")
			fill := func() {
				file, err := os.OpenFile(filler, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
				if err != nil {
					return
				}
				defer file.Close()
				for block := make([]byte, 64<<10); len(block) >= 512; {
					if _, err := file.Write(block); err != nil {
						block = block[:len(block)/2]
					}
				}
			}
			refused := f.refused.Load()
			f.soon("posts are refused", func() bool {
				fill() // what the server makes free, too
				return f.refused.Load() >= refused+posters
			})
			time.Sleep(time.Second)
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			if db.Ended() {
				t.Log("the server has ended")
				db.Restart(t)
			}
			f.flows()
		})
	})
}
