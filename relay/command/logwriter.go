package command

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"
)

// logWriter writes the log of run. Its promises:
//
//	L1. Write waits for nobody: a log whose reader has stopped, in a pipe that is
//	    full, holds up neither a delivery nor the journal.
//	L2. A log that cannot be written, as its reader has gone or its disk is full,
//	    ends nothing. Writing goes on with the next line.
//	L3. Lines are written in order and whole. What was lost is counted, and said
//	    once a line can be written again.
type logWriter struct {
	to   io.Writer
	tell func(lost int) []byte // the line that says so

	mu      sync.Mutex
	wake    sync.Cond
	waiting []byte // lines to be written
	lost    int    // lines
	closed  bool
	ended   chan struct{}
}

// mostWaiting is how many bytes of the log wait for its reader, some thousand
// lines. What comes then is lost.
const mostWaiting = 1 << 20

// startLogWriter makes a writer. Close ends it.
func startLogWriter(to io.Writer, tell func(lost int) []byte) *logWriter {
	w := &logWriter{to: to, tell: tell, ended: make(chan struct{})}
	w.wake.L = &w.mu
	go w.run()
	return w
}

// Write takes whole lines. It never fails.
func (w *logWriter) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(lines) > mostWaiting {
		w.lost += countLines(lines)
	} else {
		w.waiting = append(w.waiting, lines...)
		w.wake.Signal()
	}
	return len(lines), nil
}

// Close waits until all is written, but not longer than patience: the reader may
// have stopped for ever. Its goroutine is then left in the write that hangs.
func (w *logWriter) Close(patience time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.wake.Signal()
	w.mu.Unlock()
	select {
	case <-w.ended:
	case <-time.After(patience):
	}
}

func (w *logWriter) run() {
	defer close(w.ended)
	torn := false // the last line that was written is not whole
	for {
		lines, lost := w.next()
		if len(lines) == 0 {
			return
		}
		var before, after []byte
		if torn {
			before = []byte{'\n'}
		}
		if lost > 0 {
			after = w.tell(lost)
		}
		text := slices.Concat(before, lines, after)
		n, err := w.to.Write(text)
		if n > 0 {
			torn = text[n-1] != '\n'
		}
		if err != nil {
			written := min(max(n-len(before), 0), len(lines))
			w.lose(lost + countLines(lines[written:]))
		}
	}
}

// next waits for lines. It returns also how many were lost since the last ones,
// and no line once the writer is closed and all is written.
func (w *logWriter) next() (lines []byte, lost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) == 0 && !w.closed {
		w.wake.Wait()
	}
	lines, lost = w.waiting, w.lost
	w.waiting, w.lost = nil, 0
	return lines, lost
}

func (w *logWriter) lose(lines int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost += lines
}

func countLines(text []byte) int { return bytes.Count(text, []byte{'\n'}) }
