package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

// resending is the flags of resend.
type resending struct {
	to        []string
	all, json bool

	// In bulk.
	webhook, since, until, status, typ string
	yes, noWait                        bool
}

func (c *cli) resendCommand() *cobra.Command {
	var r resending
	cmd := &cobra.Command{
		Use:   "resend {EVENT-ID... | --webhook NAME --since TIME}",
		Short: "Send events again",
		Long: "Sends events again, through the running relay. An event that was accepted for\n" +
			"several webhooks needs --to or --all. One that still waits is made due now instead.\n" +
			"\n" +
			"With --webhook, sends again what did not arrive there: all deliveries that ended since\n" +
			"a time. It says how many first and asks (--yes), and then waits for them; whatever ends\n" +
			"that, they go on. They keep to the rate and the concurrency of the webhook, and to its\n" +
			"whole retry, and what is accepted for it meanwhile comes behind them. A delivery counts\n" +
			"with its newest resend: what waits, or has arrived by now, is not sent again, so that\n" +
			"the same command can be given again. The exit code is 1 unless all arrive.",
		Example: "  sidehook resend e65c1481-e8a-4be-a5ca-27dfcde077d7 --to app-lifecycle\n" +
			"  sidehook resend --webhook app-lifecycle --since 24h\n" +
			"  sidehook resend --webhook app-lifecycle --since 7d --status exhausted --type order.paid --yes",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.usage(args, cmd.Flags().Changed); err != nil {
				return err
			}
			if r.webhook != "" {
				return c.resendBulk(cmd.Context(), r)
			}
			return c.resend(cmd.Context(), args, r)
		},
	}
	cmd.Flags().StringArrayVar(&r.to, "to", nil, "to this `WEBHOOK`, whether it got the event before or not; may be repeated with EVENT-ID")
	cmd.Flags().BoolVar(&r.all, "all", false, "to all webhooks that the event was accepted for")
	cmd.Flags().StringVar(&r.webhook, "webhook", "", "what was for this `WEBHOOK` and has ended")
	cmd.Flags().StringVar(&r.since, "since", "", "only what ended since this `TIME`: 24h or 7d (ago), or as in RFC 3339")
	cmd.Flags().StringVar(&r.until, "until", "", "only what ended before this `TIME`")
	cmd.Flags().StringVar(&r.status, "status", "", "only what ended so: one `STATUS`, or several with commas (default failed,exhausted,canceled,expired)")
	cmd.Flags().StringVar(&r.typ, "type", "", "only events of this `TYPE`")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "do not ask first")
	cmd.Flags().BoolVar(&r.noWait, "no-wait", false, "do not wait until they are delivered")
	jsonFlag(cmd, &r.json)
	return cmd
}

// resend goes on to the next event after one that fails.
func (c *cli) resend(ctx context.Context, ids []string, r resending) error {
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	request := api.ResendRequest{Webhooks: r.to, All: r.all}
	failed := false
	for _, id := range ids {
		if err := c.resendOne(ctx, relay, id, &request, r.json); err != nil {
			var refused *client.RefusedError
			if !r.all && len(r.to) == 0 && errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
				err = fmt.Errorf("%w: give --to WEBHOOK, or --all", err)
			}
			c.err.linef("sidehook: resend %q: %s", id, err)
			failed = true
		}
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

func (c *cli) resendOne(ctx context.Context, relay *client.Client, id string, request *api.ResendRequest, asJSON bool) error {
	var resent api.Resent
	answer, err := relay.Post(ctx, api.Path(api.ResendPath, id), request, &resent)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := c.out.Write(answer)
		return err
	}
	again := slices.DeleteFunc(resent.Webhooks, func(name string) bool { return slices.Contains(resent.Hastened, name) })
	if len(again) > 0 {
		c.out.linef("%s is sent again to %s", resent.ID, strings.Join(again, ", "))
	}
	if len(resent.Hastened) > 0 {
		c.out.linef("%s still waited for %s, and is due now", resent.ID, strings.Join(resent.Hastened, ", "))
	}
	if len(resent.Gone) > 0 {
		c.out.linef("%s is not sent to %s, which the file does not have any more", resent.ID, strings.Join(resent.Gone, ", "))
	}
	return nil
}
