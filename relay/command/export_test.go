package command

import (
	"fmt"
	"os"
	"strings"

	"sidehook/relay/command/cli"
	"sidehook/relay/command/terminal"
)

var (
	StopsAgain = stopsAgain
)

// Parse reports whether there is a command that has these flags. It does not run it.
func Parse(args []string) error {
	c := &commands{Program: &cli.Program{Out: terminal.NewScreen(os.Stdout), Err: terminal.NewScreen(os.Stderr)}}
	cmd, rest, err := c.root().Find(args)
	if err != nil {
		return err
	}
	if strings.HasSuffix(cmd.Use, " COMMAND") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("no command %q", rest[0])
	}
	return cmd.ParseFlags(rest)
}
