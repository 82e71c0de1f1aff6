// Package command is the command line. It reads the flags, asks the files of
// the history or the running relay, and prints what they say.
//
// It promises:
//
//   - The exit code is 0 if it was done, 1 if it failed, 2 if it was asked in a
//     way that it does not understand. A failed write to stdout is a failure.
//   - An error is a line on stderr that says what to do.
//   - No control character that came from outside, in a payload, a header or an
//     error, is printed raw by anything but --json.
//   - Output is coloured on a terminal alone, and with NO_COLOR nowhere.
//
// main calls Main.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"

	"sidehook/config"
)

// cli is one call of the program.
type cli struct {
	stdin    io.Reader
	out, err *screen
	config   string // --config
	begun    bool   // the flags and arguments were understood
}

// Main runs a command and returns the exit code.
func Main(args []string) int {
	// A pipe that nobody reads makes a write fail, and ends nothing by itself.
	signal.Ignore(syscall.SIGPIPE)
	stdout := &output{to: os.Stdout}
	c := &cli{stdin: os.Stdin, out: newScreen(os.Stdout), err: newScreen(os.Stderr)}
	c.out.Writer = stdout
	// An error means that it is not known where stderr goes: it is plain text then.
	c.err.journal, _ = journal.StderrIsJournalStream()
	root := c.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(context.Background())
	code := c.finish(cmd, err)
	if stdout.err == nil {
		return code
	}
	if problem := stdout.problem(); problem != nil {
		c.err.errorf("sidehook: %s", problem)
	}
	return 1
}

// finish prints the error that a command ended with, if any, and returns the exit code.
func (c *cli) finish(cmd *cobra.Command, err error) int {
	var (
		code  exitCode
		usage *usageError
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage), !c.begun:
		c.err.errorf("sidehook: %s; see %s --help", firstLine(err), cmd.CommandPath())
		return 2
	}
	c.err.errorf("sidehook: %s", err)
	return 1
}

// exitCode ends a command with that code, after it has printed everything.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError is a wrong use that shows only while the command runs.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// root makes the tree of the commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sidehook COMMAND",
		Short: "Sends an application's events to webhooks",
		Long: "sidehook sends an application's events to webhooks: signed, retried until they\n" +
			"arrive, and each on disk before it is acknowledged. What it sends where stands in\n" +
			"webhooks.yaml, and what became of it in JSONL files beside it.",
		Example:       "  sidehook demo",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&c.config, "config", "", "use this `FILE` (default: $SIDEHOOK_CONFIG, ./webhooks.yaml, /etc/sidehook/webhooks.yaml)")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(helpTemplate)
	root.Version = thisBuild().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.AddCommand(
		c.runCommand(), c.demoCommand(), c.checkCommand(), c.sendCommand(), c.webhookCommand(),
		c.historyCommand(), c.showCommand(), c.resendCommand(), c.cancelCommand(), c.versionCommand(), c.completionCommand(),
	)
	root.SetHelpCommand(c.helpCommand())
	c.prepare(root)
	return root
}

// prepare has every command tell when it begins, and those that are nothing but
// a group of others say so.
func (c *cli) prepare(cmd *cobra.Command) {
	if cmd.RunE == nil {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = c.group
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.begun = true
		return run(cmd, args)
	}
	for _, sub := range cmd.Commands() {
		c.prepare(sub)
	}
}

// group answers for a command that needs the name of another behind it.
func (c *cli) group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		cmd.SetOut(c.err)
		if err := cmd.Help(); err != nil {
			return err
		}
		return exitCode(2)
	}
	problem := fmt.Sprintf("there is no command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		problem += fmt.Sprintf("; did you mean %q?", like[0])
	}
	return usagef("%s", problem)
}

func (c *cli) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Example: "  sidehook help send",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("there is no command %q", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// oneArgument is what a command takes that needs exactly one.
func oneArgument(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("%s is missing", name)
		case len(args) > 1:
			return usagef("one %s is taken, and %q is too many", name, args[1])
		case args[0] == "":
			return usagef("%s is empty", name)
		}
		return nil
	}
}

// noArgument is what a command takes that needs none.
func noArgument(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%q is too many", args[0])
	}
	return nil
}

// load reads the configuration. What is wrong with it is printed.
func (c *cli) load(mode config.Mode) (*config.File, error) {
	path, err := config.Find(c.config)
	if err != nil {
		return nil, err
	}
	file, err := config.Load(path, mode)
	var problems config.Problems
	if errors.As(err, &problems) {
		c.complain(problems)
		return nil, exitCode(1)
	}
	if err == nil && len(file.Unread) > 0 {
		first := file.Unread[0]
		first.Warning, first.Hint = true, "this command goes on with the defaults in its place, and sidehook check says more"
		c.complain(config.Problems{first})
	}
	return file, err
}

// complain prints problems of the file, a line each.
func (c *cli) complain(problems config.Problems) {
	for _, p := range problems {
		if p.Warning {
			c.err.linef("%s", p)
		} else {
			c.err.errorf("%s", p)
		}
	}
}

// hint is a command line to go on with.
func (c *cli) hint(args ...string) string {
	if c.config != "" {
		args = append(args, "--config", c.config)
	}
	line := "sidehook"
	for _, arg := range args {
		line += " " + quoted(arg)
	}
	return line
}

// quoted is an argument as a shell takes it.
func quoted(arg string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-+=:/@.,%", r)
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !plain(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

const helpTemplate = `{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}
{{end}}
Usage: {{.UseLine}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasExample}}

Example:
{{.Example}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
