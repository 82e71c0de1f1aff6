package runlog

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"
)

// writer writes a log. Its promises:
//
//	L1. Write does not block: a log whose reader has stopped, such as a full pipe,
//	    delays neither deliveries nor the journal.
//	L2. A log that cannot be written, because its reader has gone or its disk is
//	    full, stops nothing. Writing continues with the next line.
//	L3. Lines are written in order and complete. Lost lines are counted, and
//	    reported when a line can be written again.
type writer struct {
	to     io.Writer
	report func(lost int) []byte // the line that reports lost lines

	mu      sync.Mutex
	wake    sync.Cond
	pending []byte // lines to write
	lost    int    // lines
	closed  bool
	ended   chan struct{}
}

// maxPending is how many bytes wait for the reader of the log, some thousand lines.
// Further lines are lost.
const maxPending = 1 << 20

// startWriter starts a writer. Close ends it.
func startWriter(to io.Writer, report func(lost int) []byte) *writer {
	w := &writer{to: to, report: report, ended: make(chan struct{})}
	w.wake.L = &w.mu
	go w.run()
	return w
}

// Write accepts complete lines. It never fails.
func (w *writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending)+len(lines) > maxPending {
		w.lost += countLines(lines)
	} else {
		w.pending = append(w.pending, lines...)
		w.wake.Signal()
	}
	return len(lines), nil
}

// Close waits until all lines are written, at most for timeout: the reader may
// have stopped for ever. The goroutine then stays in its blocked write.
func (w *writer) Close(timeout time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.wake.Signal()
	w.mu.Unlock()
	select {
	case <-w.ended:
	case <-time.After(timeout):
	}
}

func (w *writer) run() {
	defer close(w.ended)
	torn := false // the last line was written in part
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
			after = w.report(lost)
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

// next waits for lines. It also returns how many were lost since the last call. It
// returns no lines after the writer was closed and all lines were written.
func (w *writer) next() (lines []byte, lost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.pending) == 0 && !w.closed {
		w.wake.Wait()
	}
	lines, lost = w.pending, w.lost
	w.pending, w.lost = nil, 0
	return lines, lost
}

func (w *writer) lose(lines int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost += lines
}

func countLines(text []byte) int { return bytes.Count(text, []byte{'\n'}) }
