package edit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sidehook/config/edit"
)

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	file, link := filepath.Join(folder, "a.yaml"), filepath.Join(folder, "link.yaml")
	create(t, file, "before")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.yaml", link); err != nil {
		t.Fatal(err)
	}
	if err := edit.Write(link, []byte("before"), []byte("after")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, file); got != "after" {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestWriteToChangedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	create(t, file, "other")
	if err := edit.Write(file, []byte("before"), []byte("after")); !errors.Is(err, edit.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if got := read(t, file); got != "other" {
		t.Errorf("got %q", got)
	}
}

func TestWriteToConfigMap(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "..1"), 0o755); err != nil {
		t.Fatal(err)
	}
	create(t, filepath.Join(folder, "..1", "a.yaml"), "before")
	for name, to := range map[string]string{"..data": "..1", "a.yaml": "..data/a.yaml"} {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	err := edit.Write(filepath.Join(folder, "a.yaml"), []byte("before"), []byte("after"))
	if err == nil || !strings.Contains(err.Error(), "ConfigMap") {
		t.Errorf("got %v", err)
	}
}

// Edits that come together are made one after the other: none is lost.
func TestWriteTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	create(t, file, "")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for {
				before := read(t, file)
				err := edit.Write(file, []byte(before), fmt.Append(nil, before, i, "\n"))
				if err == nil {
					return
				}
				if !errors.Is(err, edit.ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if got := read(t, file); strings.Count(got, "\n") != 8 {
		t.Errorf("got %q, want 8 lines", got)
	}
}

func create(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
