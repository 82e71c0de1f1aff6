// Package trouble logs what goes wrong again and again: when it begins, when its
// cause changes, and when it ends.
package trouble

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Trouble is something that goes wrong again and again, and is logged when it
// begins, when its cause changes, and when it ends. The zero value is none. It
// is for concurrent use.
type Trouble struct {
	mu          sync.Mutex
	cause       string
	count       int
	first, last time.Time
}

// quiet is how long it must have gone well. What is tried again each second,
// while other things of its kind succeed, has not ended.
const quiet = 3 * time.Second

// Met logs an error, unless the last one had the same cause.
func (t *Trouble) Met(log *slog.Logger, message string, err error, fields ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
	if t.count == 0 {
		t.first = t.last
	}
	t.count++
	if cause := root(err).Error(); cause != t.cause {
		t.cause = cause
		log.Error(message, append(fields, "error", err)...)
	}
}

// Over logs that it goes well again, if it did not.
func (t *Trouble) Over(log *slog.Logger, message string, fields ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count == 0 || time.Since(t.last) < quiet {
		return
	}
	log.Info(message, append(fields, "failures", t.count, "after", time.Since(t.first).Round(time.Second))...)
	t.cause, t.count = "", 0
}

// root is the error that all others wrap: without the names and places that
// differ from one time to the next.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
