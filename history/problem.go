package history

import "fmt"

// Problem is one fault of a history, and where it is.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // from 1; 0 if it is about the file
	Offset int64  `json:"offset,omitempty"`
	What   string `json:"message"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.What)
	}
	return fmt.Sprintf("%s:%d: byte %d: %s", p.File, p.Line, p.Offset, p.What)
}
