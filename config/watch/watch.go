// Package watch reports each edit of webhooks.yaml, and of every file it names,
// once, after the files have stood still. It owns how a change is noticed; config
// reads the files. The command that runs the relay calls it.
package watch

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"sidehook/config"
	"sidehook/config/files"
)

// Watcher watches the file and every file it names, and reports what is new. It
// promises:
//
//	W1. A change is read after all files have stood still for 200 ms, and reported
//	    at once. No way of changing a file goes unnoticed, even without the
//	    notifications of the kernel: the watcher looks at the files every second.
//	W2. A reading is reported only if it differs from the last one reported: a good
//	    file by its content, a bad one by its content and its problems. After a bad
//	    file, the good one from before is reported again.
//	W3. The removal of the file is not a change. It is logged once.
//	W4. Nothing that is read ends the watcher: only the context does.
type Watcher struct {
	path   string
	log    *slog.Logger
	apply  func(*config.File, error)
	reload chan struct{} // holds one

	settle time.Duration // how long the files must stand still
	look   time.Duration // how often it looks at the files
	inform informer

	told  string        // what was told last
	seen  []files.Stamp // how the files looked when they were last looked at
	gone  bool          // and that is logged
	blind string        // why there are no notifications, as it was logged
}

// New makes a watcher that starts from a file loaded in the mode Run; every change
// after that load is noticed, even one before Run. It calls apply, one call at a
// time, with a good file or with Problems. After a bad file and after Reload, the
// good file may be the one that is in force already.
func New(loaded *config.File, log *slog.Logger, apply func(*config.File, error)) *Watcher {
	return &Watcher{
		path:   loaded.Path,
		log:    log,
		apply:  apply,
		reload: make(chan struct{}, 1),
		settle: 200 * time.Millisecond,
		look:   time.Second,
		inform: fsnotify.NewWatcher,
		told:   config.Reading{File: loaded, Hash: loaded.Hash}.Identity(),
		seen:   slices.Clone(loaded.Files),
	}
}

// Reload makes Run read the file at once and report what it finds, new or not.
func (w *Watcher) Reload() {
	select {
	case w.reload <- struct{}{}:
	default:
	}
}

// Run watches until ctx is done.
func (w *Watcher) Run(ctx context.Context) error {
	notifier := &notifier{wake: make(chan struct{}, 1), inform: w.inform}
	defer notifier.close()
	look := time.NewTicker(w.look)
	defer look.Stop()
	still := time.NewTimer(w.settle)
	still.Stop() // until something changes
	defer still.Stop()
	for stale := true; ; {
		if stale || w.blind != "" {
			w.watch(notifier)
		}
		// After the watch has begun, so that no change is missed in between.
		if stale = w.changed(); stale {
			still.Reset(w.settle)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-notifier.wake:
			still.Reset(w.settle)
		case <-look.C:
		case <-still.C:
			stale = true
			if w.changed() { // a change without a notification
				still.Reset(w.settle)
				continue
			}
			w.read()
		case <-w.reload:
			w.tell(w.take(config.Read(w.path, config.Run)))
			stale = true
		}
	}
}

// watch makes the notifier watch every name that can change the files.
func (w *Watcher) watch(n *notifier) {
	var names []string
	for _, s := range w.seen {
		names = append(names, symlinkChain(s.Path)...)
	}
	problem := ""
	if err := n.watch(names); err != nil {
		problem = err.Error()
	}
	if problem != w.blind && problem != "" {
		w.log.Info("cannot watch every file of the configuration; checking every second instead", "error", problem)
	}
	w.blind = problem
}

// changed reports whether a file differs from when it was last looked at.
func (w *Watcher) changed() bool {
	changed := false
	for i, before := range w.seen {
		now := files.StampOf(before.Path)
		if !now.Same(before) {
			w.seen[i], changed = now, true
		}
	}
	return changed
}

// read reads the files after they have stood still, and reports what is new.
func (w *Watcher) read() {
	r := config.Read(w.path, config.Run)
	if r.Missing {
		if !w.gone {
			w.log.Warn("the configuration file was removed; still using the previous configuration", "file", w.path)
		}
		w.gone = true
		return
	}
	w.take(r)
	// A file was written while it was read, so the next reading counts. The loop
	// notices the same change and waits again.
	for _, s := range r.Files {
		if !files.StampOf(s.Path).Same(s) {
			return
		}
	}
	if r.Identity() != w.told {
		w.tell(r)
	}
}

// take remembers how the files looked.
func (w *Watcher) take(r config.Reading) config.Reading {
	if w.gone && !r.Missing {
		w.log.Info("the configuration file is back", "file", w.path)
	}
	w.gone = false
	seen := slices.Clone(r.Files)
	if r.Partial && len(w.seen) > 0 {
		// It could not be read to the end, and may still name the same files.
		seen = append(seen, w.seen[1:]...)
	}
	w.seen = seen
	return r
}

func (w *Watcher) tell(r config.Reading) {
	w.told = r.Identity()
	if r.File == nil {
		w.apply(nil, r.Problems)
		return
	}
	w.apply(r.File, nil)
}
