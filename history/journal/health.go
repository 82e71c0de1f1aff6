package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"sidehook/history"
)

// Fault returns why no events are accepted, nil while they are. It is ErrFailed if
// only a restart helps: the journal has failed, or one of its writers hangs. Any
// other fault passes, and the journal goes on.
//
// A disk that hangs passes, however long it takes: the next process would have to
// wait for it as well, if this one could be ended at all.
func (j *Journal) Fault() error {
	closed := j.commits.refusal()
	if errors.Is(closed, history.ErrFailed) {
		return closed
	}
	for name, h := range map[string]*writerHealth{"events": &j.commits.health, "outcomes": &j.outcomes.health} {
		if d := h.stalled(); d > 0 {
			return fmt.Errorf("%w: the writer of %s has not started on waiting work for %s", history.ErrFailed, name, d.Round(time.Second))
		}
	}
	if closed != nil {
		return closed
	}
	if d := j.commits.health.slow(); d > 0 {
		return fmt.Errorf("the disk has not answered for %s", d.Round(time.Second))
	}
	if j.Full() {
		return fmt.Errorf("%w: history.max_size is reached", history.ErrNoRoom)
	}
	return j.commits.space.refusal()
}

const (
	// stalledAfter is how long work may wait for a writer that is not waiting for
	// the disk.
	stalledAfter = time.Minute
	// slowAfter is how long a call of the disk may take.
	slowAfter = 10 * time.Second
)

// writerHealth tells a writer that hangs from one whose disk is slow and from one
// that has nothing to do. The zero value is a writer that has just started.
type writerHealth struct {
	mu      sync.Mutex
	waiting time.Time // since when work waits; zero: none does
	calling time.Time // since when the disk works; zero: it does not
	called  time.Time // when it last ended to
}

// workAdded tells that work waits.
func (h *writerHealth) workAdded() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting.IsZero() {
		h.waiting = time.Now()
	}
}

// workTaken tells that the writer has taken all work that waited.
func (h *writerHealth) workTaken() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = time.Time{}
}

// diskCall tells that the disk works until done is called.
func (h *writerHealth) diskCall() (done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calling = time.Now()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.calling, h.called = time.Time{}, time.Now()
	}
}

// stalled returns for how long the writer has hung, 0 if it does not.
func (h *writerHealth) stalled() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting.IsZero() || !h.calling.IsZero() {
		return 0
	}
	if idle := min(time.Since(h.waiting), time.Since(h.called)); idle >= stalledAfter {
		return idle
	}
	return 0
}

// slow returns for how long the disk has worked, 0 if that is not too long.
func (h *writerHealth) slow() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calling.IsZero() {
		return 0
	}
	if busy := time.Since(h.calling); busy >= slowAfter {
		return busy
	}
	return 0
}
