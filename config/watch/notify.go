package watch

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/fsnotify/fsnotify"

	"sidehook/config/files"
)

// notifier wakes the watcher when something happens to a name it cares for. It
// watches folders: a watch on a file ends with the file, and an editor replaces
// it. What it misses, by a queue that overflows, a folder that is replaced, or a
// limit on watches, the watcher sees when it looks by itself.
type notifier struct {
	wake    chan struct{} // holds one
	inform  informer
	group   sync.WaitGroup
	inotify *fsnotify.Watcher
	names   []string
	folders []files.Stamp // of the names, as they were when the watch began
}

// informer asks the kernel for notifications, of which it has only so many.
type informer func() (*fsnotify.Watcher, error)

// watch goes over to names, unless it watches them already.
func (n *notifier) watch(names []string) error {
	set := make(map[string]bool)
	for _, name := range names {
		set[filepath.Dir(name)] = true
	}
	var folders []files.Stamp
	for _, folder := range slices.Sorted(maps.Keys(set)) {
		folders = append(folders, files.StampOf(folder))
	}
	if n.inotify != nil && slices.Equal(n.names, names) && slices.EqualFunc(n.folders, folders, sameFolder) {
		return nil
	}
	n.close()
	inotify, err := n.inform()
	if err != nil {
		return fmt.Errorf("watch folders: %w", err)
	}
	n.inotify, n.names, n.folders = inotify, names, folders
	n.group.Go(func() { pass(inotify, slices.Clone(names), n.wake) })
	var failed []error
	for _, folder := range folders {
		if err := inotify.Add(folder.Path); err != nil {
			failed = append(failed, fmt.Errorf("watch %s: %w", folder.Path, err))
		}
	}
	return errors.Join(failed...)
}

// sameFolder reports whether the path still leads to the same folder.
func sameFolder(a, b files.Stamp) bool {
	if a.Info == nil || b.Info == nil {
		return a.Path == b.Path && a.Info == nil && b.Info == nil
	}
	return a.Path == b.Path && os.SameFile(a.Info, b.Info)
}

// pass wakes at each event on one of names until the watcher is closed. It takes
// the errors as well: nobody reading them would block the watcher and its Close.
// One of them is an overflow, after which anything may have happened.
func pass(from *fsnotify.Watcher, names []string, wake chan<- struct{}) {
	for {
		select {
		case event, open := <-from.Events:
			if !open {
				return
			}
			if !slices.Contains(names, event.Name) {
				continue
			}
		case _, open := <-from.Errors:
			if !open {
				return
			}
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// close ends the watch.
func (n *notifier) close() {
	if n.inotify != nil {
		// Closing frees what the kernel holds; there is nothing to do about an error.
		_ = n.inotify.Close()
	}
	n.group.Wait()
	n.inotify = nil
}
