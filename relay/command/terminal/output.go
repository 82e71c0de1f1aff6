package terminal

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Output is standard output. It keeps the first write error and drops everything
// written after it. A command therefore finishes its other work without checking
// each write, and its caller reports Err at the end.
type Output struct {
	To    io.Writer
	first error
}

// Write never fails.
func (o *Output) Write(p []byte) (int, error) {
	if o.first == nil {
		_, o.first = o.To.Write(p)
	}
	return len(p), nil
}

// Failed reports whether a write failed.
func (o *Output) Failed() bool { return o.first != nil }

// Err returns why the output was not written. It is nil for a closed pipe, as in
// sidehook history | head -1: whoever closed it knows.
func (o *Output) Err() error {
	if o.first == nil || errors.Is(o.first, syscall.EPIPE) {
		return nil
	}
	cause := o.first
	var number syscall.Errno
	if errors.As(cause, &number) {
		cause = number
	}
	return fmt.Errorf("write to standard output: %w", cause)
}

// Broken reports whether text printed here is lost.
func (s *Screen) Broken() bool {
	o, ok := s.Writer.(*Output)
	return ok && o.Failed()
}
