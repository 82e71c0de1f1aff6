package command

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/demo"
	"sidehook/relay/command/report"
	"sidehook/relay/command/runlog"
	"sidehook/relay/command/source"
	"sidehook/relay/command/usage"
)

func (c *commands) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show a complete delivery on this machine",
		Long: "Runs a relay and an HTTPS receiver in one process and a temporary folder. It\n" +
			"posts three events, lets the receiver fail once, verifies every signature, and\n" +
			"prints what happened. The exit code is 0 if every delivery arrived and its\n" +
			"signature was valid.",
		Example: "  sidehook demo",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), demo.Options{
				Screen: c.Out, Version: thisBuild().Version, Program: program(), ListAttempts: c.listAttempts,
				Log: func(to io.Writer) *slog.Logger {
					log := runlog.Text(to)
					runlog.BridgeStandardLog(log)
					return log
				},
			})
		},
	}
}

// program returns how this program is called in a shell.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ."
	}
	return "sidehook"
}

// listAttempts prints the attempts of a short history.
func (c *commands) listAttempts(dir string) error {
	s, err := source.Open(dir, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	lines, err := source.NewestAttempts(context.Background(), s, api.DeliveriesQuery{}, nil, 20)
	if err != nil {
		return err
	}
	report.NewAttempts(c.Out, c.Next, report.Options{}).List(lines)
	return nil
}
