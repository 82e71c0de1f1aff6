package journal

import "context"

// WaitWritten returns once what became of deliveries so far stands in the files,
// synced or not, so that whoever is told of it finds it there. It also returns
// when ctx is done, or when it cannot be written: the disk is full, or the
// journal has ended.
func (j *Journal) WaitWritten(ctx context.Context) {
	select {
	case <-j.outcomes.written():
	case <-ctx.Done():
	}
}

// written has a value once all that was added before is written, or could not
// be.
func (o *outcomes) written() <-chan error {
	done := make(chan error, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		done <- o.failed
		return done
	}
	o.readers = append(o.readers, done)
	o.pulse.want()
	o.wake()
	return done
}
