package ledger

import (
	"context"
	"errors"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

const (
	// gatherFor is how long lines wait for others. gatherMost lines do not wait.
	gatherFor  = 20 * time.Millisecond
	gatherMost = 256
	// retryEvery is when a batch is tried again, and callTimeout how long it may take.
	retryEvery  = 250 * time.Millisecond
	callTimeout = 10 * time.Second
	// stopGrace is how long the last lines are tried at a stop.
	stopGrace = 10 * time.Second
)

// Run writes until ctx is done and all that was recorded until then is durable, or
// cannot be written for a while. It never fails.
func (l *Ledger) Run(ctx context.Context) error {
	defer l.close()
	for stopping := false; ; {
		if b := l.next(); b != nil {
			if !l.write(ctx, b) {
				return nil
			}
			continue
		}
		if stopping {
			return nil
		}
		select {
		case <-l.kick:
			l.gather(ctx)
		case <-ctx.Done():
			stopping = true
		}
	}
}

// gather waits for a moment for more lines, unless someone waits for these.
func (l *Ledger) gather(ctx context.Context) {
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for {
		l.mu.Lock()
		enough := len(l.flushes) > 0 || len(l.entries) >= gatherMost
		l.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-l.kick:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// write writes a batch, again and again, and reports false if it gives up at a stop.
func (l *Ledger) write(ctx context.Context, b *batch) bool {
	var giveUp <-chan time.Time
	stopped := ctx.Done()
	for {
		err := b.do(l.o.DB)
		if err == nil {
			l.wrote(b)
			return true
		}
		l.failed(err)
		select {
		case <-time.After(retryEvery):
		case <-stopped:
			stopped, giveUp = nil, time.After(stopGrace)
		case <-giveUp:
			l.o.Log.Error("cannot write the last outcomes of deliveries; these deliveries will be made again", "error", err)
			return false
		}
	}
}

// wrote notes that a batch is durable.
func (l *Ledger) wrote(b *batch) {
	l.Reached(history.LineNo(b.lastN))
	for i, late := range b.late {
		if late {
			l.o.Late(b.owned[i].webhook, b.owned[i].epoch)
		}
	}
	l.late.Add(b.lateLines())
	for _, key := range b.configs {
		l.known[key] = true
	}
	l.trouble.Over(l.o.Log, "outcomes of deliveries are written again")
	l.mu.Lock()
	wasFull := l.bytes >= l.o.MaxBytes
	l.bytes -= b.bytes
	l.written += uint64(b.entries)
	l.behind = false
	drained := wasFull && l.bytes < l.o.MaxBytes
	l.answerLocked(func(f flush) bool { return f.upto <= l.written }, nil)
	l.mu.Unlock()
	if drained {
		l.full.Over(l.o.Log, "outcomes of deliveries are written: deliveries go on")
		l.o.Drained()
	}
}

// failed answers the calls of Flush with an error. The acceptor logs that the database is away.
func (l *Ledger) failed(err error) {
	err = database.Explained(err)
	if database.IsRefused(err) {
		l.trouble.Met(l.o.Log, "cannot write the outcomes of deliveries; trying again", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = true
	l.answerLocked(func(flush) bool { return true }, err)
	if l.bytes >= l.o.MaxBytes {
		l.full.Met(l.o.Log, "no delivery is begun: too many outcomes wait in memory for the database", errTooMany, "bytes", l.bytes)
	}
}

var errTooMany = errors.New("the database does not accept outcomes")

func (l *Ledger) answerLocked(which func(flush) bool, err error) {
	left := l.flushes[:0]
	for _, f := range l.flushes {
		if which(f) {
			f.done <- err
		} else {
			left = append(left, f)
		}
	}
	l.flushes = left
}

func (l *Ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = history.ErrStopping
	l.answerLocked(func(flush) bool { return true }, history.ErrStopping)
}
