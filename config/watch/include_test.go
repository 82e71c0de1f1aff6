package watch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

// tenant is a file of include with one webhook.
func tenant(name string) string {
	return "webhooks:\n  - name: " + name + "\n    url: https://hooks.example.com/x\n    events: [x.y]\n    signature: none\n"
}

// namesOf shows the webhooks of a file that a watcher told, and which files it refuses.
func namesOf(f *config.File) string {
	var words []string
	for _, w := range f.Webhooks {
		words = append(words, w.Name)
	}
	for _, in := range f.Refused() {
		words = append(words, "!"+filepath.Base(in.Path))
	}
	return strings.Join(words, " ")
}

// including makes a main file with a glob, and a folder with a file of include.
func including(t *testing.T, watch func(string) *watching) (dir string, w *watching) {
	dir = t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "d"), 0o700))
	write(t, filepath.Join(dir, "f"), "include: [d/*.yaml]\n")
	write(t, filepath.Join(dir, "d", "a.yaml"), tenant("a"))
	return filepath.Join(dir, "d"), watch(filepath.Join(dir, "f"))
}

// Files of include that appear, change or go are noticed, whichever way they do so.
func TestWatchInclude(t *testing.T) {
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir, w := including(t, watch)
		time.Sleep(quiet) // the watch has begun, and has nothing left to look at
		write(t, filepath.Join(dir, "b.yaml"), tenant("b"))
		w.expect("a b")
		for name, edit := range editing {
			if name == "folder replaced" || name == "remove and create" {
				continue // these take all other files away, or this one
			}
			edit(t, filepath.Join(dir, "b.yaml"), tenant("b2"))
			w.expect("a b2")
			edit(t, filepath.Join(dir, "b.yaml"), tenant("b"))
			w.expect("a b")
		}
		write(t, filepath.Join(dir, "a.yaml"), "bad\n")
		w.expect("a b !a.yaml")
		write(t, filepath.Join(dir, "c.yaml"), tenant("c"))
		w.expect("a b c !a.yaml")
		must(t, os.Remove(filepath.Join(dir, "b.yaml")))
		w.expect("a c !a.yaml")
		write(t, filepath.Join(dir, "a.yaml"), tenant("a"))
		w.expect("a c")
		must(t, os.RemoveAll(dir))
		w.expect("")
		must(t, os.Mkdir(dir, 0o700))
		time.Sleep(quiet)
		write(t, filepath.Join(dir, "d.yaml"), tenant("d"))
		w.expect("d")
		w.expectNothing()
	})
}

// A folder that Kubernetes mounts, with all files swapped at once.
func TestWatchIncludeConfigMap(t *testing.T) {
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir := t.TempDir()
		configMap(t, dir, "1", tenant("a"))
		must(t, os.Symlink("..data/webhooks.yaml", filepath.Join(dir, "x.yaml")))
		main := filepath.Join(t.TempDir(), "f")
		write(t, main, "include: ["+dir+"/*]\n")
		w := watch(main)
		configMap(t, dir, "2", tenant("b"))
		must(t, os.RemoveAll(filepath.Join(dir, "..1")))
		w.expect("b")
		w.expectNothing()
	})
}

// The main file in its own glob is no file of include, and keeps nothing busy.
func TestWatchIncludeItself(t *testing.T) {
	bubble(t, func(t *testing.T, watch func(string) *watching) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "f.yaml"), "include: [\"*.yaml\"]\n")
		w := watch(filepath.Join(dir, "f.yaml"))
		w.expectNothing()
		write(t, filepath.Join(dir, "g.yaml"), tenant("g"))
		w.expect("g")
		w.expectNothing()
	})
}

// A file that is written all the time counts as it was, and keeps no other one waiting.
func TestWatchIncludeBusy(t *testing.T) {
	bubble(t, func(t *testing.T, watch func(string) *watching) {
		dir, w := including(t, watch)
		write(t, filepath.Join(dir, "b.yaml"), tenant("b"))
		w.expect("a b")
		for i := range 20 {
			write(t, filepath.Join(dir, "a.yaml"), tenant("a"+strings.Repeat("a", i+1)))
			switch i {
			case 4:
				write(t, filepath.Join(dir, "b.yaml"), tenant("b2"))
			case 12:
				w.told <- "end"
				w.expect("a b2")
				w.expect("end")
			}
			time.Sleep(settle / 4)
		}
		w.expect("a" + strings.Repeat("a", 20) + " b2")
		w.expectNothing()
	})
}

// A reload reports what it finds, and a change of the time alone is nothing.
func TestReloadInclude(t *testing.T) {
	bubble(t, func(t *testing.T, watch func(string) *watching) {
		dir, w := including(t, watch)
		w.Reload()
		w.expect("a")
		write(t, filepath.Join(dir, "a.yaml"), "bad\n")
		w.Reload()
		w.expect("a !a.yaml")
		must(t, os.Chtimes(filepath.Join(dir, "a.yaml"), time.Time{}, time.Now().Add(time.Second)))
		w.expectNothing()
		write(t, filepath.Join(dir, "a.yaml"), "worse\n")
		w.expect("a !a.yaml")
	})
}
