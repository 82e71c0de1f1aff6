package webhook

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/report"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

// call is a call of the API for one webhook.
type call struct {
	name, path, short, long string
	// changed says what the call changed, or that it changed nothing, by the states
	// of the webhook before and after it.
	changed func(before, after *api.Webhook) string
}

func enableCall() call {
	return call{
		name: "enable", path: api.EnablePath, short: "Re-enable a disabled webhook",
		long: "Re-enables a webhook that was disabled because its receiver answered 410 or\n" +
			"failed for disable_after, and delivers its backlog.",
		changed: func(before, after *api.Webhook) string {
			switch before.State {
			case "disabled":
				return fmt.Sprintf("%s is enabled again, after it was %s; %s", before.Name, (&report.Webhook{Webhook: *before}).Summary(), waiting(after))
			case "off":
				return fmt.Sprintf("%s is off, not disabled: nothing changed; webhook on switches it on", before.Name)
			}
			return fmt.Sprintf("%s is %s, not disabled: nothing changed", before.Name, before.State)
		},
	}
}

func retryCall() call {
	return call{
		name: "retry", path: api.RetryPath, short: "Retry waiting deliveries now",
		long: "Retries all waiting deliveries of a webhook now. A failing webhook is probed at\n" +
			"once, and a throttled one does not wait any longer.",
		changed: func(before, after *api.Webhook) string {
			switch state, n := before.State, before.Backlog.Events; {
			case state == "paused", state == "off", state == "disabled":
				return fmt.Sprintf("%s is %s: nothing is sent to it until it is active again; %s", before.Name, state, waiting(after))
			case state == "failing", state == "throttled":
				return fmt.Sprintf("retrying %s to %s now; it was %s", measure.Count(n, "waiting delivery"), before.Name, (&report.Webhook{Webhook: *before}).Summary())
			case n == 0:
				return fmt.Sprintf("%s is %s and has no waiting deliveries: nothing changed", before.Name, state)
			default:
				return fmt.Sprintf("retrying %s to %s now", measure.Count(n, "waiting delivery"), before.Name)
			}
		},
	}
}

func waiting(w *api.Webhook) string {
	if w.Backlog.Events == 0 {
		return "nothing is waiting for it"
	}
	if w.Backlog.Events == 1 {
		return "1 delivery is waiting for it"
	}
	return measure.Count(w.Backlog.Events, "delivery") + " are waiting for it"
}

// callCommand is a command that makes a call.
func (c commands) callCommand(call call) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     call.name + " NAME",
		Short:   call.short,
		Long:    call.long,
		Example: "  sidehook webhook " + call.name + " app-lifecycle",
		Args:    usage.OneArgument("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.callWebhook(cmd.Context(), &call, args[0], asJSON); err != nil {
				return fmt.Errorf("%s %q: %w", call.name, args[0], err)
			}
			return nil
		},
	}
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c commands) callWebhook(ctx context.Context, call *call, name string, asJSON bool) error {
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	var before, after api.Webhook
	if err := relay.Get(ctx, api.Path(api.WebhookPath, name), &before); err != nil {
		return cli.NearestWebhook(ctx, relay, name, err)
	}
	answer, err := relay.Post(ctx, api.Path(call.path, name), nil, &after)
	if err != nil {
		return cli.NearestWebhook(ctx, relay, name, err)
	}
	if asJSON {
		c.Out.Write(answer)
		return nil
	}
	c.Out.Linef("%s", call.changed(&before, &after))
	return nil
}
