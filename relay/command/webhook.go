package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "webhook COMMAND",
		Short:   "List and operate the webhooks",
		Long:    "Lists and operates the webhooks of the running relay. webhooks.yaml declares them.",
		Example: "  sidehook webhook list",
	}
	var asJSON bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List the webhooks and where they stand",
		Long: "Asks the running relay for its webhooks and where each stands. If the last edit of\n" +
			"webhooks.yaml was refused, the reasons follow.",
		Example: "  sidehook webhook list",
		Args:    noArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listWebhooks(cmd.Context(), asJSON) },
	}
	jsonFlag(list, &asJSON)
	cmd.AddCommand(list,
		c.actCommand("enable", api.EnablePath, "End an automatic disabling",
			"Takes up the backlog of a webhook that was disabled, because its receiver answered 410\nor failed for disable_after."),
		c.actCommand("retry", api.RetryPath, "Make what waits due now",
			"Makes all waiting deliveries of a webhook due now. One that is failing is probed at once,\nand one whose receiver asked to be left alone goes on."),
		c.testCommand())
	return cmd
}

// actCommand is a command that has the running relay do something with a
// webhook.
func (c *cli) actCommand(name, path, short, long string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     name + " NAME",
		Short:   short,
		Long:    long,
		Example: "  sidehook webhook " + name + " app-lifecycle",
		Args:    oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			relay, err := c.relay(cmd.Context())
			if err != nil {
				return err
			}
			var w api.Webhook
			answer, err := relay.Post(cmd.Context(), api.Path(path, args[0]), nil, &w)
			if err != nil {
				return fmt.Errorf("%s %q: %w", name, args[0], err)
			}
			if asJSON {
				_, err := c.out.Write(answer)
				return err
			}
			c.out.linef("%s is %s, with %s waiting", w.Name, w.State, deliveries(w.Backlog.Events))
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
