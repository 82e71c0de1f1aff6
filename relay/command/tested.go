package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
)

// testPatience is more than a webhook's time-out of 2m and the record take.
const testPatience = 160 * time.Second

func (c *cli) testCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Send an event of type sidehook.test now",
		Long: "Has the running relay send a webhook one event of type sidehook.test, to it alone,\n" +
			"whatever events it asks for, and if it is paused, off, failing or disabled too. There\n" +
			"is one attempt, which stands in the history and counts for nothing else, except that\n" +
			"a webhook that is failing recovers by a success. Exit code 1 if it was not delivered.",
		Example: "  sidehook webhook test app-lifecycle",
		Args:    oneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.testWebhook(cmd.Context(), args[0], asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c *cli) testWebhook(ctx context.Context, name string, asJSON bool) error {
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var r record
	answer, err := relay.Within(testPatience).Post(ctx, api.Path(api.TestPath, name), nil, &r)
	if err != nil {
		return fmt.Errorf("test %q: %w", name, err)
	}
	if asJSON {
		if _, err := c.out.Write(answer); err != nil {
			return err
		}
	} else {
		p := &storyPrinter{screen: c.out}
		p.line(p.paint(bold, clean(r.Webhook)))
		p.field(2, "event", r.Event+", a test")
		p.attempt(&r)
	}
	if r.Status != "delivered" {
		return exitCode(1)
	}
	return nil
}
