package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// screen is where something is printed for people, or for the next program.
type screen struct {
	io.Writer
	terminal bool
	colour   bool
	width    int  // in characters; 0 if it has no bound
	journal  bool // it is systemd's
}

func newScreen(file *os.File) *screen {
	s := &screen{Writer: file, terminal: term.IsTerminal(int(file.Fd()))}
	if s.terminal {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		s.width, _, _ = term.GetSize(int(file.Fd()))
	}
	return s
}

// style is how a text looks on a screen with colours.
type style string

const (
	normal style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint dresses a text, which is clean already.
func (s *screen) paint(in style, text string) string {
	if !s.colour || in == normal || text == "" {
		return text
	}
	return "\x1b[" + string(in) + "m" + text + "\x1b[0m"
}

// line prints a line that is made of clean texts.
func (s *screen) line(parts ...string) {
	io.WriteString(s, strings.Join(parts, "")+"\n")
}

// broken reports whether what is printed here does not arrive.
func (s *screen) broken() bool {
	o, ok := s.Writer.(*output)
	return ok && o.err != nil
}

// errorf prints an error as a line, cleaned.
func (s *screen) errorf(format string, args ...any) {
	priority := ""
	if s.journal {
		priority = errorPriority
	}
	s.line(priority, clean(fmt.Sprintf(format, args...)))
}

// linef prints a line, cleaned.
func (s *screen) linef(format string, args ...any) {
	s.line(clean(fmt.Sprintf(format, args...)))
}
