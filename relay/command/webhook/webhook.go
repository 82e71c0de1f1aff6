// Package webhook has the commands about webhooks: what the relay tells of them and does to
// them, and edits of their entries in the file. The edits themselves are in fileedit.
// relay/command calls it.
package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/report"
	"sidehook/relay/command/usage"
)

// commands are the commands of one run.
type commands struct{ *cli.Program }

// Command returns webhook, with what is below it.
func Command(p *cli.Program) *cobra.Command { return commands{p}.webhook() }

func (c commands) webhook() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook COMMAND",
		Short: "List, edit, test and retry webhooks",
		Long: "Edits the webhooks in webhooks.yaml, and lists, tests and retries those of the\n" +
			"running relay.",
		Example: "  sidehook webhook list",
	}
	cmd.AddCommand(c.listCommand(),
		c.callCommand(enableCall()), c.callCommand(retryCall()),
		c.testCommand(), c.addCommand(), c.editCommand(), c.removeCommand(),
		c.switchCommand("on", "enabled", "true", "Switch a webhook on",
			"Writes enabled: true for a webhook. What waits for it goes on.", "on"),
		c.switchCommand("off", "enabled", "false", "Switch a webhook off",
			"Writes enabled: false for a webhook. Nothing is sent to it, and events of that\n"+
				"time are not kept for it.", "off"),
		c.switchCommand("pause", "paused", "true", "Pause a webhook",
			"Writes paused: true for a webhook. Nothing is sent to it, and events are kept\n"+
				"for it until it is resumed.", "paused"),
		c.switchCommand("resume", "paused", "false", "Resume a paused webhook",
			"Writes paused: false for a webhook, which then gets what was kept for it.", "active"))
	return cmd
}

// testTimeout is longer than a webhook's timeout of at most 2m and the record of
// the attempt take.
const testTimeout = 160 * time.Second

func (c commands) testCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test event to a webhook now",
		Long: "Sends one event of type sidehook.test to one webhook, through the running\n" +
			"relay, in any state and whatever events it asks for. There is one attempt. It\n" +
			"is recorded in the history and counts for nothing else, except that success\n" +
			"ends the failing state. The exit code is 1 if it was not delivered.",
		Example: "  sidehook webhook test app-lifecycle",
		Args:    usage.OneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.testWebhook(cmd.Context(), args[0], asJSON)
		},
	}
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c commands) testWebhook(ctx context.Context, name string, asJSON bool) error {
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	var a report.Attempt
	answer, err := relay.Within(testTimeout).Post(ctx, api.Path(api.TestPath, name), nil, &a)
	if err != nil {
		return fmt.Errorf("test %q: %w", name, cli.NearestWebhook(ctx, relay, name, err))
	}
	if asJSON {
		c.Out.Write(answer)
	} else {
		report.PrintTest(c.Out, &a)
	}
	if a.Status != "delivered" {
		return usage.ExitCode(1)
	}
	return nil
}
