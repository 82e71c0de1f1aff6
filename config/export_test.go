package config

import (
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Parse judges content without a file.
func Parse(name string, data []byte, mode Mode) (*File, error) {
	r := parse(name, data, mode)
	if r.file == nil {
		return nil, r.problems
	}
	return r.file, nil
}

// Hasten makes a watcher wait for less.
func (w *Watcher) Hasten(settle, look time.Duration) { w.settle, w.look = settle, look }

// Inform has a watcher get its notifications from elsewhere.
func (w *Watcher) Inform(by func() (*fsnotify.Watcher, error)) { w.inform = by }

// Keys lists every key there is, wherever it stands.
func Keys() []string {
	return slices.Concat(keysOf(topFields()), keysOf(listenFields()), keysOf(historyFields()), WebhookKeys())
}

// WebhookKeys lists those of a webhook.
func WebhookKeys() []string { return slices.Concat(keysOf(ownFields()), keysOf(sharedFields())) }
