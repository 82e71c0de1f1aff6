// Package command is the command line. It reads the flags, asks the history's
// files or the running relay, and prints the answer.
//
// It promises:
//
//   - The exit code is 0 for success, 1 for failure and 2 for wrong usage. A
//     failed write to stdout is a failure.
//   - An error is a line on stderr that says what to do.
//   - No control character that came from outside, in a payload, a header or an
//     error, is printed raw, except in --json.
//   - Output has colours only on a terminal, and none with NO_COLOR.
//
// A command has its flags, its help and its questions to the relay and the history: here,
// or in the room of its group (reading, deliveries, webhook, cluster). What it does beyond
// that, and how its answer looks, is in the other rooms below, which know no command. main
// calls Main.
package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/spf13/cobra"

	"sidehook/relay/command/cli"
	"sidehook/relay/command/cluster"
	"sidehook/relay/command/deliveries"
	"sidehook/relay/command/pages"
	"sidehook/relay/command/reading"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/command/webhook"
)

// commands are the commands of one run.
type commands struct {
	*cli.Program
	parsed bool // the flags and arguments were valid
}

// Main runs a command and returns the exit code.
func Main(args []string) int {
	// A write to a closed pipe then fails and does not kill the process.
	signal.Ignore(syscall.SIGPIPE)
	stdout := &terminal.Output{To: os.Stdout}
	c := &commands{Program: &cli.Program{
		Stdin: os.Stdin, Out: terminal.NewScreen(os.Stdout), Err: terminal.NewScreen(os.Stderr), Version: thisBuild().Version,
	}}
	c.Out.Writer = stdout
	// On an error it is not known where stderr goes. It is plain text then.
	c.Err.Journal, _ = journal.StderrIsJournalStream()
	root := c.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(context.Background())
	code := c.finish(cmd, err)
	if !stdout.Failed() {
		return code
	}
	if err := stdout.Err(); err != nil {
		c.Err.Errorf("sidehook: %s", err)
	}
	return 1
}

// finish prints the error of a command, if any, and returns the exit code.
func (c *commands) finish(cmd *cobra.Command, err error) int {
	var (
		code  usage.ExitCode
		wrong *usage.Error
	)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong), !c.parsed:
		problem, _, _ := strings.Cut(err.Error(), "\n")
		c.Err.Errorf("sidehook: %s; see %s --help", problem, cmd.CommandPath())
		return 2
	}
	c.Err.Errorf("sidehook: %s", err)
	return 1
}

// root returns the tree of commands.
func (c *commands) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sidehook COMMAND",
		Short: "Send an application's events to webhooks",
		Long: "sidehook sends an application's events to webhooks. It signs each delivery,\n" +
			"retries it until it arrives, and writes each event to disk before it\n" +
			"acknowledges it. webhooks.yaml says what is sent where. JSONL files record what\n" +
			"happened.",
		Example:       "  sidehook demo",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&c.Config, "config", "", "read this `FILE` (default: $SIDEHOOK_CONFIG, ./webhooks.yaml or /etc/sidehook/webhooks.yaml)")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpTemplate(pages.HelpTemplate())
	root.SetUsageTemplate(pages.HelpTemplate())
	root.Version = thisBuild().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = "print the version"
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	help := c.helpCommand()
	root.SetHelpCommand(help)
	root.AddCommand(
		c.initCommand(), c.runCommand(), c.demoCommand(), c.checkCommand(), c.planCommand(), c.schemaCommand(),
		cluster.Command(c.Program), c.outboxCommand(), c.healthCommand(), c.sendCommand(), webhook.Command(c.Program),
		c.consoleCommand(), c.listenCommand(), c.verifyCommand(),
		reading.EventsCommand(c.Program), reading.HistoryCommand(c.Program), reading.ShowCommand(c.Program),
		deliveries.ResendCommand(c.Program), deliveries.CancelCommand(c.Program),
		c.versionCommand(), c.completionCommand(), c.manCommand(), help,
	)
	c.prepare(root)
	return root
}

// prepare finishes a command and those below it. A command without an action becomes a group.
// Each notes when its flags and arguments were valid, and gets their completions.
func (c *commands) prepare(cmd *cobra.Command) {
	if cmd.RunE == nil {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = c.runGroup
		cmd.SetFlagErrorFunc(func(of *cobra.Command, err error) error {
			if before := of.Flags().Args(); of == cmd && len(before) > 0 {
				return unknownCommand(cmd, before[0]) // the flag is of a command that is not there
			}
			return err
		})
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.parsed = true
		return run(cmd, args)
	}
	c.complete(cmd)
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = "show this help"
	for _, sub := range cmd.Commands() {
		c.prepare(sub)
	}
}

// runGroup answers for a command that needs the name of another after it.
func (c *commands) runGroup(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		cmd.SetOut(c.Err)
		if err := cmd.Help(); err != nil {
			return err
		}
		return usage.ExitCode(2)
	}
	return unknownCommand(cmd, args[0])
}

// unknownCommand returns the error for a word that is not a command of a group, with the
// command that is probably meant.
func unknownCommand(group *cobra.Command, word string) error {
	name := ""
	if group.HasParent() {
		name = group.Name()
	}
	if instead := meant(name, word); instead != "" {
		return usage.Errorf("%s; %s", usage.NoCommand(word), instead)
	}
	group.SuggestionsMinimumDistance = 2
	if like := group.SuggestionsFor(word); len(like) > 0 {
		return usage.Errorf("%s; did you mean %q?", usage.NoCommand(word), like[0])
	}
	return usage.Errorf("%s", usage.NoCommand(word))
}
