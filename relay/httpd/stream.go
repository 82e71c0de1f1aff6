package httpd

import (
	"bufio"
	"errors"
	"net/http"
	"time"
)

// Stream is an answer that may go on for ever. Each write may take as long as
// another answer may in all.
type Stream struct {
	buffer *bufio.Writer
	client *http.ResponseController
	within time.Duration
}

// NewStream begins such an answer.
func (s *Server) NewStream(w http.ResponseWriter, contentType ContentType) *Stream {
	w.Header()["Content-Type"] = contentType
	w.WriteHeader(http.StatusOK)
	client := http.NewResponseController(w)
	// The request has been read, and its deadline would end the answer. A
	// connection that cannot set deadlines has none.
	_ = client.SetReadDeadline(time.Time{})
	_ = client.SetWriteDeadline(time.Now().Add(s.opts.Times.Write))
	return &Stream{bufio.NewWriterSize(w, 32<<10), client, s.opts.Times.Write}
}

// WriteLine adds a line.
func (s *Stream) WriteLine(line []byte) error {
	if len(line)+1 > s.buffer.Available() {
		_ = s.client.SetWriteDeadline(time.Now().Add(s.within))
	}
	_, err := s.buffer.Write(line)
	return errors.Join(err, s.buffer.WriteByte('\n'))
}

// Flush sends what has been written.
func (s *Stream) Flush() error {
	_ = s.client.SetWriteDeadline(time.Now().Add(s.within))
	return errors.Join(s.buffer.Flush(), s.client.Flush())
}
