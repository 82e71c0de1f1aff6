// Package cli is one run of the program: its streams, the file that it is about, and how it
// reaches the relay and the history of that file. What a command needs of these is here;
// relay/command makes a Program, and the commands call it.
package cli

import (
	"errors"
	"io"

	"sidehook/config"
	"sidehook/relay/command/report"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/shell"
)

// Program is one run of the program.
type Program struct {
	Stdin    io.Reader
	Out, Err *terminal.Screen
	Config   string // --config; "": wherever config.Find finds the file
	Version  string // that it calls itself to a relay
}

// Load reads the configuration. It prints the problems of the file itself.
func (p *Program) Load(mode config.Mode) (*config.File, error) {
	path, err := config.Find(p.Config)
	if err != nil {
		return nil, err
	}
	file, err := config.Load(path, mode)
	var problems config.Problems
	if errors.As(err, &problems) {
		report.PrintProblems(p.Err, problems)
		return nil, usage.ExitCode(1)
	}
	if err == nil && len(file.Unread) > 0 {
		first := file.Unread[0]
		first.Warning, first.Hint = true, "using defaults instead; run sidehook check for details"
		report.PrintProblems(p.Err, config.Problems{first})
	}
	return file, err
}

// Next returns a command line to continue with.
func (p *Program) Next(args ...string) string {
	if p.Config != "" {
		args = append(args, "--config", p.Config)
	}
	line := "sidehook"
	for _, arg := range args {
		line += " " + shell.Quote(arg)
	}
	return line
}

// Confirm asks before something is done, unless yes. It returns an error unless the
// caller agrees. Without a terminal it cannot ask.
func (p *Program) Confirm(yes bool, what, question, declined string) error {
	switch {
	case yes:
	case !p.Err.CanAsk(p.Stdin):
		return usage.Errorf("%s? not a terminal: add --yes to confirm", what)
	case !p.Err.Confirm(p.Stdin, question):
		return errors.New(declined)
	}
	return nil
}
