// Package terminal prints for people: colours, tables, progress and questions on
// a terminal, and plain text anywhere else.
//
// It promises:
//
//	T1. No control character that came from outside, in a payload, a header or an
//	    error, is printed raw. What is passed to Line and Paint must be clean;
//	    everything else cleans what it is given.
//	T2. Only a terminal gets colours, and with NO_COLOR none does.
//	T3. No row of a table is wider than the terminal.
//
// The commands of relay/command call it.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Screen is where text is printed, for people or for the next program.
type Screen struct {
	io.Writer
	Terminal bool
	Colour   bool
	Width    int  // in columns; 0 for no limit
	Journal  bool // it is systemd's journal
}

// NewScreen returns the screen of a standard stream.
func NewScreen(file *os.File) *Screen {
	s := &Screen{Writer: file, Terminal: term.IsTerminal(int(file.Fd()))}
	if s.Terminal {
		s.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		s.Width, _, _ = term.GetSize(int(file.Fd()))
	}
	return s
}

// Style is how text looks on a screen with colours.
type Style string

// The styles.
const (
	Normal Style = ""
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Paint styles a clean text.
func (s *Screen) Paint(style Style, text string) string {
	if !s.Colour || style == Normal || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Line prints a line made of clean texts.
func (s *Screen) Line(parts ...string) {
	io.WriteString(s, strings.Join(parts, "")+"\n")
}

// Linef cleans and prints a line.
func (s *Screen) Linef(format string, args ...any) {
	s.Line(Clean(fmt.Sprintf(format, args...)))
}

// Noticef cleans and prints a line for people, beside the answer of a command.
func (s *Screen) Noticef(format string, args ...any) {
	s.Linef("sidehook: "+format, args...)
}

// JSON prints a value as one line of JSON, which is raw.
func (s *Screen) JSON(v any) error {
	e := json.NewEncoder(s)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// ErrorPriority begins a line that systemd's journal must take for an error.
const ErrorPriority = "<3>"

// Errorf cleans and prints an error as a line.
func (s *Screen) Errorf(format string, args ...any) {
	priority := ""
	if s.Journal {
		priority = ErrorPriority
	}
	s.Line(priority, Clean(fmt.Sprintf(format, args...)))
}

// Progress replaces the last line of a terminal with a clean text, until
// ClearProgress. Elsewhere both print nothing.
func (s *Screen) Progress(text string) {
	if !s.Terminal {
		return
	}
	if s.Width > 1 {
		text = Cut(text, s.Width-1)
	}
	io.WriteString(s, clearLine+text)
}

// ClearProgress removes the text of Progress.
func (s *Screen) ClearProgress() {
	if s.Terminal {
		io.WriteString(s, clearLine)
	}
}

const clearLine = "\r\x1b[K"
