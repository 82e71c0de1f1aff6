// Package watch tells each edit of webhooks.yaml, and of every file it names,
// once, when the files have stood still. It owns how a change is noticed; what a
// file says, config reads. The command that runs the relay calls it.
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

// Watcher looks after the file and every file it names, and says when there is
// something new. Its promises:
//
//	W1. A change is read once all the files have stood still for 200 ms, and told
//	    at once then. That every way of changing a file is noticed does not rest
//	    on the kernel's notifications alone: once a second it looks by itself.
//	W2. What was read is told only if it differs from what was told last: a good
//	    file by its content, a bad one by its content and its problems. After a
//	    bad file, the good one that was there before is told again.
//	W3. A file that is gone is no change. It is logged once.
//	W4. Whatever is read, the watcher goes on: only the context ends it.
type Watcher struct {
	path   string
	log    *slog.Logger
	apply  func(*config.File, error)
	reload chan struct{} // holds one

	settle time.Duration // how long the files must stand still
	look   time.Duration // how often it looks by itself
	inform informer

	told  string        // what was told last
	seen  []files.Stamp // how the files looked when they were last looked at
	gone  bool          // and that is logged
	blind string        // why there are no notifications, as it was logged
}

// New makes a watcher that starts from what was loaded with the mode Run:
// a change since then, before Run too, is one. It calls apply, one call at a
// time, with a file that is good, or with Problems. The file may be the one in
// force, by its hash: after a bad one, and after Reload.
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

// Reload makes Run read the file at once and tell what it finds, whether it is
// new or not.
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
		// Only now, so that what happened before the watch began is seen, too.
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
			if w.changed() { // without a notification, too
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

// watch has the notifier watch all that can change the files.
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

// changed looks at the files and reports whether one is not as it was.
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

// read reads the files, which have stood still, and tells what is new.
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
	// Written while it was read: the next reading counts. The loop sees the same
	// and waits again.
	for _, s := range r.Files {
		if !files.StampOf(s.Path).Same(s) {
			return
		}
	}
	if r.Identity() != w.told {
		w.tell(r)
	}
}

// take remembers what the files looked like.
func (w *Watcher) take(r config.Reading) config.Reading {
	if w.gone && !r.Missing {
		w.log.Info("the configuration file is back", "file", w.path)
	}
	w.gone = false
	seen := slices.Clone(r.Files)
	if r.Partial && len(w.seen) > 0 {
		// It could not be read to the end, and may name still what it named.
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
