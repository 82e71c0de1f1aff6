package command

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// agrees asks on a terminal. Where nobody can be asked, who called has agreed.
func (c *cli) agrees(question string) bool {
	if !c.canAsk() {
		return true
	}
	fmt.Fprint(c.err, clean(question))
	answer, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil {
		fmt.Fprintln(c.err) // nobody has ended the line
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// canAsk reports whether somebody is there to be asked.
func (c *cli) canAsk() bool {
	in, ok := c.stdin.(*os.File)
	return ok && c.err.terminal && term.IsTerminal(int(in.Fd()))
}
