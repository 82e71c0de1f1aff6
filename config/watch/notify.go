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

// notifier wakes the watcher when something happens to one of its names. It watches
// folders, because a watch on a file ends when an editor replaces the file. It
// misses changes if a queue overflows, a folder is replaced or a limit on watches
// is reached; the watcher finds those when it looks at the files.
type notifier struct {
	wake    chan struct{} // holds one
	inform  informer
	group   sync.WaitGroup
	inotify *fsnotify.Watcher
	names   []string
	whole   []string      // folders in which every name counts
	folders []files.Stamp // of the names, as they looked when the watch began
}

// informer asks the kernel for notifications, which it limits in number.
type informer func() (*fsnotify.Watcher, error)

// watch watches names, and everything in the folders whole. It watches nothing else any
// more.
func (n *notifier) watch(names, whole []string) error {
	set := make(map[string]bool)
	for _, folder := range whole {
		set[folder] = true
	}
	for _, name := range names {
		set[filepath.Dir(name)] = true
	}
	var folders []files.Stamp
	for _, folder := range slices.Sorted(maps.Keys(set)) {
		folders = append(folders, files.StampOf(folder))
	}
	if n.inotify != nil && slices.Equal(n.names, names) && slices.Equal(n.whole, whole) && slices.EqualFunc(n.folders, folders, sameFolder) {
		return nil
	}
	n.close()
	inotify, err := n.inform()
	if err != nil {
		return fmt.Errorf("watch folders: %w", err)
	}
	n.inotify, n.names, n.whole, n.folders = inotify, names, whole, folders
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	n.group.Go(func() { forward(inotify, wanted, slices.Clone(whole), n.wake) })
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

// forward wakes at each event on one of names or in a whole folder until the watcher is closed, and at
// each error: an overflow, say, may have hidden any change. It must read the
// errors, or the watcher and its Close would block.
func forward(from *fsnotify.Watcher, names map[string]bool, whole []string, wake chan<- struct{}) {
	for {
		select {
		case event, open := <-from.Events:
			if !open {
				return
			}
			if !names[event.Name] && !slices.Contains(whole, filepath.Dir(event.Name)) {
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
		// Nothing can be done about an error of Close.
		_ = n.inotify.Close()
	}
	n.group.Wait()
	n.inotify = nil
}
