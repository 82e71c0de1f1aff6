package vfs_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/history/internal/vfs"
)

// lockedFolder tells the child process of TestLock which folder to lock.
const lockedFolder = "SIDEHOOK_TEST_LOCK"

func TestLock(t *testing.T) {
	if path := os.Getenv(lockedFolder); path != "" {
		if _, err := openDir(t, path).Lock(); err != nil {
			os.Stdout.WriteString(err.Error())
		}
		os.Exit(0) // before the test's own output
	}
	path := t.TempDir()
	child := func() string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLock$")
		cmd.Env = append(os.Environ(), lockedFolder+"="+path,
			"GORACE=atexit_sleep_ms=0") // or each child waits a second for races to report
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := child(); got != "" {
		t.Errorf("a free folder: got %q", got)
	}
	d := openDir(t, path)
	release, err := d.Lock() // the child ended without releasing it
	if err != nil {
		t.Fatal(err)
	}
	_, second := openDir(t, path).Lock()
	var inUse *vfs.InUseError
	if !errors.As(second, &inUse) || inUse.PID != os.Getpid() {
		t.Errorf("in one process: got %v, want %v", second, &vfs.InUseError{PID: os.Getpid()})
	}
	want := (&vfs.InUseError{PID: os.Getpid()}).Error()
	if got := child(); got != want {
		t.Errorf("in a child: got %q, want %q", got, want)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if got := child(); got != "" {
		t.Errorf("after release: got %q", got)
	}
	if _, err := os.Stat(filepath.Join(path, "lock")); err != nil {
		t.Error(err)
	}
	if got := (&vfs.InUseError{PID: 17}).Error(); got != "history is in use by process 17" {
		t.Errorf("got %q", got)
	}
}
