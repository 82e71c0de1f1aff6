package command

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// output is standard output. It keeps the first error of a write, and drops what
// comes after it: what a command does besides printing is done all the same, and
// no command needs to look at each write, as Main reports the error in the end.
type output struct {
	to  io.Writer
	err error
}

// Write never fails.
func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.to.Write(p)
	}
	return len(p), nil
}

// problem says why what was printed did not arrive. It is nil if all arrived, and
// also if nobody reads on, as in sidehook history | head -1: who closed the pipe
// knows.
func (o *output) problem() error {
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	var number syscall.Errno
	if errors.As(o.err, &number) {
		return fmt.Errorf("write to standard output: %w", number)
	}
	return fmt.Errorf("write to standard output: %w", o.err)
}
