package watch_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"sidehook/config"
	"sidehook/config/watch"
)

const (
	settle  = 40 * time.Millisecond
	quiet   = 4 * settle  // in which nothing more is told
	patient = time.Minute // to wait for what must come
	never   = time.Hour
)

// watching is a watcher that runs on a file, and what it told.
type watching struct {
	t    *testing.T
	path string
	*watch.Watcher
	told chan string
	log  *logged
	// notified by the kernel alone, in real time: reports of a file that is not yet
	// complete are skipped. Otherwise it looks at the files, in the time of a
	// bubble, and every report counts.
	notified    bool
	uninformed  chan struct{} // closed once the kernel has no notifications left
	notInformed sync.Once
}

// bothWays runs a test with a watcher that only looks at the files, as if the
// kernel had no notifications left, and with one that is notified.
func bothWays(t *testing.T, test func(t *testing.T, watch func(path string) *watching)) {
	run := func(t *testing.T, notified bool) {
		test(t, func(path string) *watching { return startWatching(t, path, notified) })
	}
	t.Run("looking", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t, false) })
	})
	t.Run("notified", func(t *testing.T) {
		t.Parallel()
		run(t, true)
	})
}

// bubble runs a test with watchers that only look at the files.
func bubble(t *testing.T, test func(t *testing.T, watch func(path string) *watching)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, func(path string) *watching { return startWatching(t, path, false) })
	})
}

// onFile is a test of a watcher of one file, whose source is a.
func onFile(test func(t *testing.T, w *watching)) func(*testing.T, func(path string) *watching) {
	return func(t *testing.T, watch func(path string) *watching) {
		path := filepath.Join(t.TempDir(), "webhooks.yaml")
		write(t, path, source("a"))
		test(t, watch(path))
	}
}

// startWatching loads the file at path and watches it.
func startWatching(t *testing.T, path string, notified bool) *watching {
	t.Helper()
	loaded := config.Read(path, config.Run)
	if loaded.File == nil {
		t.Fatal(loaded.Problems)
	}
	w := &watching{t: t, path: path, told: make(chan string, 100), log: &logged{}, notified: notified, uninformed: make(chan struct{})}
	w.Watcher = watch.New(loaded, slog.New(slog.NewTextHandler(w.log, nil)), func(f *config.File, err error) {
		if err != nil {
			w.told <- strings.ReplaceAll(err.Error(), path, "f")
			return
		}
		if f.Include != nil {
			w.told <- namesOf(f)
			return
		}
		w.told <- f.Source
	})
	w.Inform(w.inform)
	w.Hasten(settle, settle)
	if notified {
		w.Hasten(settle, never)
	}
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

// inform asks the kernel for notifications if the test is about them.
func (w *watching) inform() (*fsnotify.Watcher, error) {
	if !w.notified {
		return nil, syscall.EMFILE // as the kernel does
	}
	inotify, err := fsnotify.NewWatcher()
	if err != nil {
		w.notInformed.Do(func() { close(w.uninformed) })
	}
	return inotify, err
}

// expect waits until want is told, and nothing else before.
func (w *watching) expect(want string) {
	w.t.Helper()
	late := time.After(patient)
	for {
		select {
		case got := <-w.told:
			if got == want {
				return
			}
			if !w.notified {
				w.t.Fatalf("told %q, want %q", got, want)
			}
		case <-w.uninformed:
			w.t.Skip("the kernel has no notifications left: fs.inotify.max_user_instances")
		case <-late:
			w.t.Fatalf("%q is not told; the log: %s", want, w.log)
		}
	}
}

// waiting reports whether nothing is told yet, and something may be.
func (w *watching) waiting() bool {
	select {
	case <-w.uninformed:
		return false
	default:
		return len(w.told) == 0
	}
}

// expectNothing works in a bubble only: in real time nobody knows how long to wait.
func (w *watching) expectNothing() {
	w.t.Helper()
	if w.notified {
		return
	}
	select {
	case got := <-w.told:
		w.t.Fatalf("told %q, want nothing", got)
	case <-time.After(quiet):
	}
}

// expectLogged wants a text in the log once, after a while.
func (w *watching) expectLogged(text string) {
	w.t.Helper()
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

// source is a file with only a source, by which tests tell files apart.
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

// write writes a file at a time of its own, in the time of the test. Two edits
// within a tick of the kernel's clock could look alike.
func write(t *testing.T, path, text string) {
	t.Helper()
	time.Sleep(time.Nanosecond)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
}
