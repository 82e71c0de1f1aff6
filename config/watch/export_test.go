package watch

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// Hasten makes a watcher wait for less.
func (w *Watcher) Hasten(settle, look time.Duration) { w.settle, w.look = settle, look }

// Inform has a watcher get its notifications from elsewhere.
func (w *Watcher) Inform(by func() (*fsnotify.Watcher, error)) { w.inform = by }
