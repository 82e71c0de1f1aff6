package reading

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/api"
	"sidehook/relay/command/report"
	"sidehook/relay/command/source"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

func (c commands) showCommand() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "show EVENT-ID",
		Short: "Show an event and all its attempts",
		Long: "Shows an event, why each webhook got it, and every attempt with its request\n" +
			"headers and the receiver's response. EVENT-ID is the event's id, the id it was\n" +
			"sent with, or seq:N. If several events have the id, it shows the newest. The\n" +
			"relay need not run, but only the relay knows why a webhook did not get the\n" +
			"event.",
		Example: "  sidehook show e65c1481-e8a-4be-a5ca-27dfcde077d7",
		Args:    usage.OneArgument("EVENT-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			print := report.PrintTrace
			if all {
				print = report.PrintWholeTrace
			}
			return c.show(cmd.Context(), args[0], print, asJSON)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list also the webhooks whose events do not match, instead of counting them")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c commands) show(ctx context.Context, id string, print func(*terminal.Screen, *report.Trace) error, asJSON bool) error {
	t, err := c.findTrace(ctx, id)
	var printed usage.ExitCode
	switch {
	case err != nil && asJSON, errors.As(err, &printed):
		return err
	case err != nil:
		return c.showAttempts(ctx, id, err)
	case asJSON:
		return c.Out.JSON(t)
	}
	if err := print(c.Out, &t); err != nil {
		return fmt.Errorf("show %q: %w", id, err)
	}
	return nil
}

// showAttempts prints the attempts of an event that is missing itself, if there
// are any.
func (c commands) showAttempts(ctx context.Context, id string, missing error) error {
	file, err := c.Load(config.Tools)
	if err != nil {
		return missing
	}
	s, err := c.Source(ctx, file)
	if err != nil {
		return missing
	}
	defer s.Close()
	lines, err := source.NewestAttempts(ctx, s, api.DeliveriesQuery{Event: id}, nil, 20)
	if err != nil || len(lines) == 0 {
		return missing
	}
	report.NewAttempts(c.Out, c.Next, report.Options{}).List(lines)
	return fmt.Errorf("%w, only its attempts: its record is damaged or removed; run %s", missing, c.Next("history", "check"))
}
