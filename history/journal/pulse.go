package journal

import (
	"fmt"
	"sync"
	"time"
)

const (
	// stuckAfter is how long a writer may have something to write and not be
	// at the disk with it before it must be dead.
	stuckAfter = time.Minute
	// slowAfter is how long the disk may take before nobody should wait for it.
	slowAfter = 10 * time.Second
)

// writerHealth tells a writer that is dead from one whose disk is slow, and from one
// that has nothing to do. The zero value is a writer that has just begun.
type writerHealth struct {
	mu     sync.Mutex
	asked  time.Time // the disk is at work since then; zero: it is not
	rested time.Time // when the disk last was done
	wanted time.Time // since when something waits to be written; zero: nothing does
}

// want says that something waits to be written.
func (p *writerHealth) want() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted.IsZero() {
		p.wanted = time.Now()
	}
}

// taken says that all that waited is in the writer's hands.
func (p *writerHealth) taken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = time.Time{}
}

// atDisk says that the disk is asked for something, until the function that it
// returns is called.
func (p *writerHealth) atDisk() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Now()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked, p.rested = time.Time{}, time.Now()
	}
}

// stuck says for how long the writer has been dead; 0 if it is not. A disk that
// hangs does not make it so.
func (p *writerHealth) stuck() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted.IsZero() || !p.asked.IsZero() {
		return 0
	}
	if idle := min(time.Since(p.wanted), time.Since(p.rested)); idle >= stuckAfter {
		return idle
	}
	return 0
}

// slow says for how long the disk has been at work, if that is too long.
func (p *writerHealth) slow() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked.IsZero() {
		return 0
	}
	if busy := time.Since(p.asked); busy >= slowAfter {
		return busy
	}
	return 0
}

// WriterStalled is why a restart would help, nil if it would not: a writer does not
// take up what waits for it. While a writer waits for its disk, however long, a
// restart does not help: the next process would wait as well, if this one could
// be ended at all.
func (j *Journal) WriterStalled() error {
	for what, p := range map[string]*writerHealth{"events": &j.commits.pulse, "outcomes": &j.outcomes.pulse} {
		if d := p.stuck(); d > 0 {
			return fmt.Errorf("the writer of %s has not taken up for %s what waits for it", what, d.Round(time.Second))
		}
	}
	return nil
}

// Ready is why events are not accepted, nil while they are.
func (j *Journal) Ready() error {
	if err := j.Failed(); err != nil {
		return err
	}
	if d := j.commits.pulse.slow(); d > 0 {
		return fmt.Errorf("the disk has not answered for %s", d.Round(time.Second))
	}
	return j.commits.room.ready()
}
