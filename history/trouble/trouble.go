// Package trouble logs what fails again and again: when it begins, when its cause
// changes, and when it ends. The history and the relay use it wherever they retry.
package trouble

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Trouble is something that may fail again and again. The zero Trouble logs errors. It
// is safe for concurrent use.
type Trouble struct {
	Level slog.Level // of what Met logs; zero: error

	count atomic.Int64 // failures since it began; 0: there is no trouble

	mu          sync.Mutex
	cause       string
	first, last time.Time
}

// quiet is how long nothing must have failed for the trouble to be over. Something that
// is retried each second, while other things of its kind succeed, is not over.
const quiet = 3 * time.Second

// Met logs an error, unless the previous one had the same cause.
func (t *Trouble) Met(log *slog.Logger, message string, err error, fields ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
	if t.count.Add(1) == 1 {
		t.first = t.last
	}
	cause := root(err).Error()
	if cause == t.cause {
		return
	}
	t.cause = cause
	fields = append(fields, "error", err)
	if t.Level == slog.LevelWarn {
		log.Warn(message, fields...)
	} else {
		log.Error(message, fields...)
	}
}

// Over logs that the trouble has ended, if there was one. It must be called for each
// success: without trouble it costs one atomic load.
func (t *Trouble) Over(log *slog.Logger, message string, fields ...any) {
	if t.count.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.last) < quiet {
		return
	}
	if n := t.count.Swap(0); n > 0 {
		t.cause = ""
		log.Info(message, append(fields, "failures", n, "after", time.Since(t.first).Round(time.Second))...)
	}
}

// root returns the error that all others wrap: without the names and places that differ
// from one time to the next.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
