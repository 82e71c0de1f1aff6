package watch_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"sidehook/config"
	"sidehook/config/watch"
)

// Each way of editing is seen, again and again, by the kernel's notifications
// and by looking alone.
func TestWatchEdits(t *testing.T) {
	for name, edit := range editing {
		edits := func(t *testing.T, watch func(string) *watching) {
			path := filepath.Join(t.TempDir(), "etc", "webhooks.yaml")
			must(t, os.Mkdir(filepath.Dir(path), 0o700))
			write(t, path, source("a"))
			w := watch(path)
			for _, s := range []string{"b", "c"} {
				edit(t, path, source(s))
				w.expect(s)
			}
			w.expectNothing()
		}
		t.Run(name, func(t *testing.T) {
			if name == "folder replaced" { // the notifications stay with the folder that is gone
				bubble(t, edits)
				return
			}
			bothWays(t, edits)
		})
	}
}

// configMap makes or swaps what Kubernetes makes of a ConfigMap.
func configMap(t *testing.T, dir, version, text string) {
	must(t, os.Mkdir(filepath.Join(dir, ".."+version), 0o700))
	write(t, filepath.Join(dir, ".."+version, "webhooks.yaml"), text)
	must(t, os.Symlink(".."+version, filepath.Join(dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
}

func TestWatchConfigMap(t *testing.T) {
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir := t.TempDir()
		configMap(t, dir, "1", source("a"))
		must(t, os.Symlink("..data/webhooks.yaml", filepath.Join(dir, "webhooks.yaml")))
		w := watch(filepath.Join(dir, "webhooks.yaml"))
		for version, s := range []string{"b", "c", "d"} {
			configMap(t, dir, fmt.Sprint(version+2), source(s))
			must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprint("..", version+1))))
			w.expect(s)
		}
		w.expectNothing()
	})
}

// A link to a file elsewhere: both the link and the file may change.
func TestWatchLink(t *testing.T) {
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir, elsewhere := t.TempDir(), t.TempDir()
		path, target := filepath.Join(dir, "webhooks.yaml"), filepath.Join(elsewhere, "a.yaml")
		write(t, target, source("a"))
		must(t, os.Symlink(target, path))
		w := watch(path)
		write(t, target, source("b"))
		w.expect("b")
		write(t, filepath.Join(elsewhere, "c.yaml"), source("c"))
		must(t, os.Symlink(filepath.Join(elsewhere, "c.yaml"), path+".tmp"))
		must(t, os.Rename(path+".tmp", path))
		w.expect("c")
		write(t, filepath.Join(elsewhere, "c.yaml"), source("d"))
		w.expect("d")
	})
}

// The files that come in by ${file:…} are watched from when they are named, even
// if there is none yet.
func TestWatchNamed(t *testing.T) {
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir := t.TempDir()
		path, named := filepath.Join(dir, "webhooks.yaml"), filepath.Join(dir, "named")
		write(t, path, source("a"))
		w := watch(path)
		write(t, path, source("${file:named}"))
		w.expect("f:1:9: source: file " + named + " cannot be read: no such file or directory")
		write(t, named, "b\n")
		w.expect("b")
		write(t, named+".tmp", "c\n")
		must(t, os.Rename(named+".tmp", named))
		w.expect("c")
		// It is watched while the file that names it cannot be read to the end.
		write(t, path, source("${file:named}")+"'")
		w.expect("f:2:1: is not valid YAML: found unexpected end of stream; close the quote that begins here")
		write(t, path, source("${file:named}"))
		w.expect("c")
	})
}

// A schema of event_types is watched, and what it refers to.
func TestWatchSchema(t *testing.T) {
	bubble(t, func(t *testing.T, watch func(path string) *watching) {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		schema, beside := filepath.Join(dir, "s.json"), filepath.Join(dir, "beside.json")
		write(t, schema, `{"$ref": "beside.json"}`)
		write(t, beside, `{}`)
		write(t, path, "event_types: {a: {schema: s.json}}\n")
		w := watch(path)
		write(t, beside, `{"type": "object"}`)
		w.expect("sidehook")
		write(t, schema, `{"$ref": "none.json"}`)
		w.expect("f:1:27: event_types.a.schema: file " + schema + " refers to another: file " + filepath.Join(dir, "none.json") + " cannot be read: no such file or directory")
		write(t, filepath.Join(dir, "none.json"), `{}`)
		w.expect("sidehook")
	})
}

// A bad file is told once for each content of it; then the next good one counts,
// though it be the one before.
func TestWatchBadFile(t *testing.T) {
	bubble(t, onFile(func(t *testing.T, w *watching) {
		write(t, w.path, "")
		w.expect("f:1:1: is empty; write webhooks: [] for none")
		write(t, w.path, "webhooks:\n  - name: a\n    ur")
		w.expect("f:3:5: is not valid YAML: could not find expected ':'; write a key as KEY: VALUE")
		write(t, w.path, "sauce: a\n")
		w.expect(`f:1:1: sauce: unknown key; did you mean "source"?`)
		must(t, os.Chtimes(w.path, time.Time{}, time.Now().Add(time.Second)))
		w.expectNothing()
		write(t, w.path, "sauce: b\n")
		w.expect(`f:1:1: sauce: unknown key; did you mean "source"?`)
		write(t, w.path, source("a"))
		w.expect("a")
		must(t, os.Chmod(w.path, 0o606))
		w.expect("f: is writable by everyone; run chmod o-w on it")
		must(t, os.Chmod(w.path, 0o600))
		w.expect("a")
	}))
}

// Nothing is reported for a write that leaves the content as it was, nor for other files
// in the folder.
func TestWatchNothing(t *testing.T) {
	bothWays(t, onFile(func(t *testing.T, w *watching) {
		write(t, w.path, source("a"))
		write(t, w.path+".swp", source("b"))
		must(t, os.Chmod(w.path, 0o640))
		w.expectNothing()
		// A log beside it does not keep the file from standing still.
		write(t, w.path, source("c"))
		for begun := time.Now(); w.waiting() && time.Since(begun) < patient; time.Sleep(settle / 10) {
			write(t, w.path+".log", "line\n")
		}
		w.expect("c")
	}))
}

// A file that is written all the time is read once that ends, also where nobody
// notifies of it.
func TestWatchStandsStill(t *testing.T) {
	bubble(t, onFile(func(t *testing.T, w *watching) {
		for i := range 12 {
			write(t, w.path, source(strings.Repeat("b", i+1)))
			time.Sleep(settle / 4)
		}
		w.expect(strings.Repeat("b", 12))
		w.expectNothing()
	}))
}

func TestWatchRemoval(t *testing.T) {
	bubble(t, onFile(func(t *testing.T, w *watching) {
		must(t, os.Remove(w.path))
		w.expectLogged("was removed")
		write(t, w.path, source("a"))
		w.expectLogged("is back")
		must(t, os.Remove(w.path))
		w.expectNothing()
		write(t, w.path, source("b"))
		w.expect("b")
	}))
}

// Reload is answered at once, new or not, good or bad or gone.
func TestReload(t *testing.T) {
	bubble(t, onFile(func(t *testing.T, w *watching) {
		begun := time.Now()
		w.Reload()
		w.expect("a")
		write(t, w.path, source("b"))
		w.Reload()
		w.expect("b")
		write(t, w.path, "")
		w.Reload()
		w.expect("f:1:1: is empty; write webhooks: [] for none")
		must(t, os.Remove(w.path))
		w.Reload()
		w.expect("f: cannot be read: no such file or directory")
		if took := time.Since(begun); took >= settle {
			t.Errorf("it took %v", took)
		}
	}))
}

// A change between the load and Run is reported.
func TestWatchLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "webhooks.yaml")
		write(t, path, source("a"))
		loaded := config.Read(path, config.Run)
		var told []string
		w := watch.New(loaded, slog.New(slog.DiscardHandler), func(f *config.File, _ error) { told = append(told, f.Source) })
		w.Inform(func() (*fsnotify.Watcher, error) { return nil, syscall.EMFILE })
		write(t, path, source("longer"))
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		defer cancel()
		must(t, w.Run(ctx))
		if !slices.Equal(told, []string{"longer"}) {
			t.Errorf("told %q, want longer", told)
		}
	})
}

// Where the kernel has no notifications left, that is logged once, as nothing
// that anyone has to do something about: it looks by itself.
func TestWatchUnnotified(t *testing.T) {
	bubble(t, onFile(func(t *testing.T, w *watching) {
		for _, s := range []string{"b", "c"} {
			write(t, w.path, source(s))
			w.expect(s)
		}
		w.expectLogged(`level=INFO msg="cannot watch every file of the configuration; checking every second instead" error="watch folders: too many open files"`)
	}))
}

// The files of tls are watched like the file itself, a mistake in one included.
func TestWatchTLS(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	bothWays(t, func(t *testing.T, watch func(string) *watching) {
		dir := t.TempDir()
		certs := filepath.Join(dir, "certs")
		must(t, os.Mkdir(certs, 0o700))
		write(t, filepath.Join(certs, "a.pem"), ca)
		path := filepath.Join(dir, "f")
		write(t, path, "webhooks:\n  - name: a\n    url: https://a.example\n    events: [x]\n    signature: none\n    tls: {ca_file: certs/a.pem}\n")
		w := watch(path)
		write(t, filepath.Join(certs, "a.pem"), "another\n"+ca)
		w.expect("sidehook")
		write(t, filepath.Join(certs, "a.pem"), "-")
		w.expect("f:6:20: webhooks[0] (a).tls.ca_file: file " + certs + "/a.pem contains no certificate; write the path of a file in PEM form, with a line -----BEGIN CERTIFICATE-----")
		write(t, filepath.Join(certs, "b.pem"), ca)
		must(t, os.Rename(filepath.Join(certs, "b.pem"), filepath.Join(certs, "a.pem")))
		w.expect("sidehook")
	})
}
