package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

type resendFlags struct {
	to        []string
	all, json bool

	// In bulk.
	filterFlags
	webhook, status string
	yes, noWait     bool
}

func (c *cli) resendCommand() *cobra.Command {
	var f resendFlags
	cmd := &cobra.Command{
		Use:   "resend {EVENT-ID... | --webhook NAME --since TIME}",
		Short: "Send events again",
		Long: "Sends events again through the running relay. An event that was accepted for\n" +
			"several webhooks needs --to or --all. A delivery that is still waiting is\n" +
			"retried now instead.\n" +
			"\n" +
			"With --webhook, resends all deliveries to a webhook that were given up since a\n" +
			"time. It prints how many there are, asks for confirmation, and waits until they\n" +
			"have ended. They continue if this command is interrupted. They respect the\n" +
			"webhook's rate, concurrency and retry settings, and new events are delivered\n" +
			"after them. Deliveries that are waiting or have arrived by now are skipped, so\n" +
			"it is safe to run the same command again. The exit code is 1 unless all of them\n" +
			"arrive.",
		Example: "  sidehook resend e65c1481-e8a-4be-a5ca-27dfcde077d7 --to app-lifecycle\n" +
			"  sidehook resend --webhook app-lifecycle --since 24h\n" +
			"  sidehook resend --webhook app-lifecycle --since 7d --status exhausted --yes",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.webhook == "" {
				if err := f.checkEvents(args, cmd.Flags().Changed); err != nil {
					return err
				}
				return c.resend(cmd.Context(), args, f)
			}
			if err := f.checkBulk(args); err != nil {
				return err
			}
			return c.resendBulk(cmd.Context(), f)
		},
	}
	cmd.Flags().StringArrayVar(&f.to, "to", nil, "resend to the webhook `NAME`, even if it did not get the event before; can be repeated, except with --webhook")
	cmd.Flags().BoolVar(&f.all, "all", false, "resend to all webhooks that the event was accepted for")
	cmd.Flags().StringVar(&f.webhook, "webhook", "", "resend what was given up for the webhook `NAME`")
	f.add(cmd, "deliveries", "that ended")
	cmd.Flags().StringVar(&f.status, "status", "", "only deliveries that ended with this `STATUS`, or several with commas: "+oneOf(query.Ends()...)+" (default: all but delivered)")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until they have ended")
	jsonFlag(cmd, &f.json)
	return cmd
}

// checkEvents checks the flags for a resend of events.
func (f *resendFlags) checkEvents(args []string, given func(flag string) bool) error {
	for _, flag := range []string{"since", "until", "status", "type", "yes", "no-wait"} {
		if given(flag) {
			return requires("--"+flag, "--webhook")
		}
	}
	switch {
	case len(args) == 0:
		return missing("EVENT-ID or --webhook")
	case slices.Contains(args, ""):
		return emptyArgument("EVENT-ID")
	case f.all && len(f.to) > 0:
		return together("--to", "--all")
	}
	return nil
}

// resend continues with the next event after one that fails.
func (c *cli) resend(ctx context.Context, ids []string, f resendFlags) error {
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	request := api.ResendRequest{Webhooks: f.to, All: f.all}
	failed := false
	for _, id := range ids {
		if err := c.resendOne(ctx, relay, id, &request, f.json); err != nil {
			var refused *client.RefusedError
			if !f.all && len(f.to) == 0 && errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
				err = fmt.Errorf("%w (--to NAME or --all)", err)
			}
			c.notice("resend %q: %s", id, err)
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
		c.out.Write(answer)
		return nil
	}
	again := slices.DeleteFunc(resent.Webhooks, func(name string) bool { return slices.Contains(resent.Hastened, name) })
	if len(again) > 0 {
		c.out.Linef("resending %s to %s", resent.ID, strings.Join(again, ", "))
	}
	if len(resent.Hastened) > 0 {
		c.out.Linef("%s was still waiting for %s; retrying it now", resent.ID, strings.Join(resent.Hastened, ", "))
	}
	if len(resent.Gone) > 0 {
		c.out.Linef("%s is not resent to %s: no longer in the configuration", resent.ID, strings.Join(resent.Gone, ", "))
	}
	return nil
}
