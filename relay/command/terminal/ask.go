package terminal

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// CanAsk reports whether questions on the screen reach a person who can answer
// at in.
func (s *Screen) CanAsk(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && s.Terminal && term.IsTerminal(int(file.Fd()))
}

// Confirm asks a question and reports whether the answer at in is yes.
func (s *Screen) Confirm(in io.Reader, question string) bool {
	io.WriteString(s, Clean(question)+" [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		io.WriteString(s, "\n") // nobody pressed Enter
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
