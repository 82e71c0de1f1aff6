package config_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/config"
)

const (
	settle  = 40 * time.Millisecond
	quiet   = 4 * settle       // in which nothing more is told
	patient = 20 * time.Second // to wait for what must come
)

// watching is a watcher that runs on a file, and what it told.
type watching struct {
	t    *testing.T
	path string
	*config.Watcher
	told chan string
	log  *logged
}

// watch loads the file at path and watches it.
func watch(t *testing.T, path string, settle, look time.Duration) *watching {
	t.Helper()
	loaded, err := config.Load(path, config.Run)
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{t: t, path: path, told: make(chan string, 100), log: &logged{}}
	w.Watcher = config.NewWatcher(loaded, slog.New(slog.NewTextHandler(w.log, nil)), func(f *config.File, err error) {
		if err != nil {
			w.told <- strings.ReplaceAll(err.Error(), path, "f")
			return
		}
		w.told <- f.Source
	})
	w.Hasten(settle, look)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); group.Wait() })
	return w
}

// expect waits until want is told, and nothing beside it.
func (w *watching) expect(want string) {
	w.t.Helper()
	select {
	case got := <-w.told:
		if got != want {
			w.t.Fatalf("told %q, want %q", got, want)
		}
	case <-time.After(patient):
		w.t.Fatalf("%q is not told; the log: %s", want, w.log)
	}
}

func (w *watching) expectNothing() {
	w.t.Helper()
	select {
	case got := <-w.told:
		w.t.Fatalf("told %q, want nothing", got)
	case <-time.After(quiet):
	}
}

// expectLogged waits until a text stands in the log, and is it once.
func (w *watching) expectLogged(text string) {
	w.t.Helper()
	for begun := time.Now(); !strings.Contains(w.log.String(), text); time.Sleep(settle / 4) {
		if time.Since(begun) > patient {
			w.t.Fatalf("%q is not logged: %s", text, w.log)
		}
	}
	w.expectNothing()
	if got := strings.Count(w.log.String(), text); got != 1 {
		w.t.Errorf("logged %q %d times, want once: %s", text, got, w.log)
	}
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const never = time.Hour

// source is a file that says nothing but its source, by which tests tell files
// apart.
func source(s string) string { return "source: " + s + "\n" }

// editing names the ways of changing a file from one content to another.
var editing = map[string]func(t *testing.T, path, text string){
	"in place": write,
	"rename": func(t *testing.T, path, text string) {
		write(t, path+".tmp", text)
		must(t, os.Rename(path+".tmp", path))
	},
	"backup": func(t *testing.T, path, text string) {
		must(t, os.Rename(path, path+"~"))
		write(t, path, text)
		must(t, os.Remove(path+"~"))
	},
	"remove and create": func(t *testing.T, path, text string) {
		must(t, os.Remove(path))
		time.Sleep(2 * settle)
		write(t, path, text)
	},
	"folder replaced": func(t *testing.T, path, text string) {
		dir := filepath.Dir(path)
		must(t, os.Mkdir(dir+".new", 0o700))
		write(t, filepath.Join(dir+".new", filepath.Base(path)), text)
		must(t, os.Rename(dir, dir+".old"))
		must(t, os.Rename(dir+".new", dir))
		must(t, os.RemoveAll(dir+".old"))
	},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
