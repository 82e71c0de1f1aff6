package deliver_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sidehook/history/historytest"
	"sidehook/history/journal"
	"sidehook/relay/deliver"
)

// life is one process of the week.
type life struct {
	*journal.Journal
	*deliver.Deliverer
	books  *ledger
	killed time.Time // belongs to the lock of the books
	end    func() error
}

var errDead = errors.New("the process is dead")

// segmentSize is small, so that there is something to remove.
const segmentSize = 32 << 10

func (l *life) dead() bool {
	l.books.mu.Lock()
	defer l.books.mu.Unlock()
	return !l.killed.IsZero()
}

// calls is a hook by which a process is killed at one of its calls, and by which
// the books read what is about to be removed.
func (w *week) calls(l *life, fs *historytest.Disk, at int) func(historytest.Op) error {
	return func(op historytest.Op) error {
		if op.Total >= at {
			w.books.dies(l)
			return errDead
		}
		if op.Kind == historytest.Remove && strings.HasPrefix(op.Name, "deliveries-") {
			w.books.reads(fs, op.Name)
		}
		return nil
	}
}

// start begins a process, which a kill may meet while it recovers.
func (w *week) start() {
	for w.life = nil; w.life == nil; {
		l := &life{books: w.books}
		at := 1 << 40
		if !w.calm.Load() && w.rng.IntN(6) == 0 {
			at = w.fs.Ops() + w.rng.IntN(80)
		}
		w.fs.SetFault(w.calls(l, w.fs, at))
		j, err := journal.OpenFS(w.fs, journal.Options{SegmentSize: segmentSize, Log: slog.New(slog.DiscardHandler)})
		switch {
		case err == nil:
			w.books.reads(w.fs, "")
			w.run(l, j)
		case l.dead():
			w.happened["kills in recovery"]++
			w.fs = w.fs.Kill()
		default:
			w.t.Fatal(err)
		}
	}
	w.apply()
}

// run has a process write and deliver.
func (w *week) run(l *life, j *journal.Journal) {
	w.life = l
	l.Journal = j
	l.Deliverer = deliver.New(deliver.Journal(j), quiet(deliver.Options{Random: func() float64 {
		return w.chance("jitter", time.Since(w.begun))
	}}))
	l.Through(receivers{w, l})
	writing, stopWriting := context.WithCancel(context.Background())
	sending, stopSending := context.WithCancel(context.Background())
	var running, delivering sync.WaitGroup
	var unwritten, unsent error
	running.Go(func() { unwritten = j.Run(writing) })
	delivering.Go(func() { unsent = l.Deliverer.Run(sending) })
	l.end = func() error {
		stopSending()
		delivering.Wait()
		stopWriting()
		running.Wait()
		return errors.Join(unwritten, unsent, j.Close())
	}
}

// stop ends the process in the clean way, if nothing kills it.
func (w *week) stop() {
	if err := w.life.end(); err != nil && !w.life.dead() {
		w.t.Error(err)
	}
}

// restart ends the process in one of its ways, and begins the next after a time.
func (w *week) restart(down time.Duration) {
	if !w.life.dead() && w.rng.IntN(2) == 0 {
		w.books.dies(w.life)
		w.fs.SetFault(func(historytest.Op) error { return errDead })
	}
	w.stop()
	switch {
	case !w.life.dead():
		w.happened["stops"]++
		w.fs = w.fs.Kill()
	case w.rng.IntN(2) == 0:
		w.happened["kills"]++
		w.fs = w.fs.Kill()
	default:
		w.happened["power cuts"]++
		w.fs = w.fs.Crash(w.rng)
	}
	if w.rng.IntN(3) == 0 {
		w.forget()
	}
	time.Sleep(down)
	w.start()
}

// forget deletes the cursors.
func (w *week) forget() {
	w.happened["cursors deleted"]++
	for _, name := range [...]string{"cursors.json", "cursors.previous.json"} {
		if w.rng.IntN(4) == 0 {
			continue
		}
		w.fs.Remove(name)
	}
}
