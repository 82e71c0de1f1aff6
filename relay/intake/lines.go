package intake

import (
	"bufio"
	"errors"
	"net/http"
	"time"

	"sidehook/history"
)

// lineWriter writes an answer of lines that may go on for ever. Each write has
// as long as an answer otherwise has in all.
type lineWriter struct {
	buffer *bufio.Writer
	client *http.ResponseController
	within time.Duration
}

// newLines begins such an answer.
func (s *Server) newLines(w http.ResponseWriter) *lineWriter {
	w.Header()["Content-Type"] = typeLines
	w.WriteHeader(http.StatusOK)
	client := http.NewResponseController(w)
	// The request has been read, and its deadline would end the answer. What
	// cannot set deadlines has none.
	_ = client.SetReadDeadline(time.Time{})
	_ = client.SetWriteDeadline(time.Now().Add(s.opts.Times.Write))
	return &lineWriter{bufio.NewWriterSize(w, 32<<10), client, s.opts.Times.Write}
}

func (l *lineWriter) write(o *history.Outcome) error {
	line := append(o.JSON(), '\n')
	if len(line) > l.buffer.Available() {
		_ = l.client.SetWriteDeadline(time.Now().Add(l.within))
	}
	_, err := l.buffer.Write(line)
	return err
}

// flush sends what has been written.
func (l *lineWriter) flush() error {
	_ = l.client.SetWriteDeadline(time.Now().Add(l.within))
	return errors.Join(l.buffer.Flush(), l.client.Flush())
}
