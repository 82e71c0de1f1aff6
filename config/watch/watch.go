// Package watch reports each edit of webhooks.yaml, and of every file it names,
// once, after the files have stood still. It owns how a change is noticed; config
// reads the files. The command that runs the relay calls it.
package watch

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"sidehook/config"
	"sidehook/config/files"
)

// Watcher watches the file and every file it names, and reports what is new. It
// promises:
//
//	W1. A change is read after the file, with all that it names, has stood still for
//	    200 ms, and reported at once. A file of include that is being written keeps no
//	    other one waiting. No way of changing a file goes unnoticed, even without the
//	    notifications of the kernel: the watcher looks at the files every second.
//	W2. A reading is reported only if it differs from the last one reported: a good
//	    file by its content, a bad one by its content and its problems. After a bad
//	    file, the good one from before is reported again.
//	W3. The removal of the file is not a change. It is logged once.
//	W4. Nothing that is read ends the watcher: only the context does.
//	W5. Looking at many files takes a small part of the time: after each look it rests,
//	    up to 200 ms, however many notifications come.
type Watcher struct {
	path   string
	log    *slog.Logger
	apply  func(*config.File, error)
	reload chan struct{} // holds one

	settle time.Duration // how long a file must stand still
	look   time.Duration // how often it looks at the files
	inform informer

	told     string         // the identity of the reading that was reported last
	last     config.Reading // the last good one
	main     tracked        // the file and those that it names
	included included
	gone     bool          // the file is, and that is logged
	blind    string        // why there are no notifications, as it was logged
	cost     time.Duration // of looking at all files, the last time
}

// New makes a watcher that starts from a good reading in the mode Run; every change
// after that reading is noticed, even one before Run. It calls apply, one call at a
// time, with a good file or with Problems. After a bad file and after Reload, the
// good file may be the one that is in force already.
func New(loaded config.Reading, log *slog.Logger, apply func(*config.File, error)) *Watcher {
	w := &Watcher{
		path:   loaded.File.Path,
		log:    log,
		apply:  apply,
		reload: make(chan struct{}, 1),
		settle: 200 * time.Millisecond,
		look:   time.Second,
		inform: fsnotify.NewWatcher,
		told:   loaded.Identity(),
		last:   loaded,
		main:   tracked{stamps: slices.Clone(loaded.Files)},
	}
	w.included.track(&w.last, nil)
	return w
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
	look := time.NewTimer(w.look)
	defer look.Stop()
	for stale := true; ; {
		if stale || w.blind != "" {
			w.watch(notifier)
		}
		// After the watch has begun, so that no change is missed in between.
		stale = w.lookAtAll()
		if w.due() {
			w.read()
			stale = true
			continue
		}
		look.Reset(w.wait())
		rest := time.NewTimer(min(9*w.cost, w.settle)) // W5
		select {
		case <-ctx.Done():
			return nil
		case <-w.reload:
			w.tell(w.take(config.ReadOn(w.path, config.Run, config.Basis{Last: &w.last, Reread: true}), nil))
			stale = true
			continue
		case <-rest.C:
		}
		if stale {
			continue // new files must be watched before they change
		}
		select {
		case <-ctx.Done():
			return nil
		case <-notifier.wake:
		case <-look.C:
		case <-w.reload:
			w.tell(w.take(config.ReadOn(w.path, config.Run, config.Basis{Last: &w.last, Reread: true}), nil))
			stale = true
		}
	}
}

// wait returns when to look again without a notification: when a changed file may have stood
// still for long enough, or after a while.
func (w *Watcher) wait() time.Duration {
	wait := max(w.look, 50*w.cost)
	next := w.included.next(w.settle)
	if !w.main.changed.IsZero() { // the others wait for it
		next = w.main.changed.Add(w.settle)
	}
	if !next.IsZero() {
		wait = min(wait, time.Until(next))
	}
	return wait
}

// due reports whether something has changed and stood still, and the main file with it.
func (w *Watcher) due() bool {
	before := time.Now().Add(-w.settle)
	if !w.main.changed.IsZero() {
		return !w.main.changed.After(before)
	}
	_, due := w.included.unsettled(before)
	return due > 0
}

// watch makes the notifier watch every name that can change the files.
func (w *Watcher) watch(n *notifier) {
	var c chains
	names := w.main.names(&c)
	for _, path := range slices.Sorted(maps.Keys(w.included.files)) {
		names = append(names, w.included.files[path].names(&c)...)
	}
	var whole []string
	for _, folder := range w.included.folders {
		chain := c.of(folder.Path)
		names = append(names, chain...)
		if files.StampOf(folder.Path).Info != nil {
			whole = append(whole, chain[len(chain)-1])
		}
	}
	problem := ""
	if err := n.watch(names, whole); err != nil {
		problem = err.Error()
	}
	if problem != w.blind && problem != "" {
		w.log.Info("cannot watch every file of the configuration; checking every second instead", "error", problem)
	}
	w.blind = problem
}

// lookAtAll reports whether a file, or a folder of files of include, differs from when
// it was last looked at.
func (w *Watcher) lookAtAll() bool {
	now := time.Now()
	changed := w.main.look(now)
	changed = w.included.look(&w.last, now) || changed
	w.cost = time.Since(now)
	return changed
}

// read reads the files that have stood still, and reports what is new.
func (w *Watcher) read() {
	unsettled, _ := w.included.unsettled(time.Now().Add(-w.settle))
	r := config.ReadOn(w.path, config.Run, config.Basis{Last: &w.last, Unsettled: unsettled})
	w.main.changed = time.Time{}
	if r.Missing {
		if !w.gone {
			w.log.Warn("the configuration file was removed; still using the previous configuration", "file", w.path)
		}
		w.gone = true
		w.included.settle(unsettled)
		return
	}
	for {
		w.take(r, unsettled)
		now := time.Now()
		if !w.lookAtAll() {
			break
		}
		// A file that was written while it was read is read again once it stands still.
		// The loop waits for that.
		if !w.main.changed.Before(now) {
			return
		}
		torn := w.included.torn(&r, &w.last, now)
		if len(torn) == 0 {
			break
		}
		if unsettled == nil {
			unsettled = make(map[string]bool)
		}
		for _, path := range torn {
			unsettled[path] = true
		}
		r = config.ReadOn(w.path, config.Run, config.Basis{Last: &w.last, Unsettled: unsettled})
	}
	switch {
	case r.Identity() != w.told:
		w.tell(r)
	case r.File != nil:
		w.last = r // the same, with newer stamps
	}
}

// take remembers how the files looked.
func (w *Watcher) take(r config.Reading, unsettled map[string]bool) config.Reading {
	if w.gone && !r.Missing {
		w.log.Info("the configuration file is back", "file", w.path)
	}
	w.gone = false
	seen := slices.Clone(r.Files)
	if r.Partial && len(w.main.stamps) > 0 {
		// It could not be read to the end, and may still name the same files.
		seen = append(seen, w.main.stamps[1:]...)
	}
	w.main = tracked{stamps: seen}
	if r.File == nil {
		w.included.settle(unsettled)
		return r
	}
	w.included.track(&r, unsettled)
	return r
}

func (w *Watcher) tell(r config.Reading) {
	w.told = r.Identity()
	if r.File == nil {
		w.apply(nil, r.Problems)
		return
	}
	w.last = r
	w.apply(r.File, nil)
}
