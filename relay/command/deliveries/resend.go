// Package deliveries has the commands that change deliveries: resend, of one event or of many,
// and cancel. The relay does what they ask. relay/command calls it.
package deliveries

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/usage"
)

// commands are the commands of one run.
type commands struct{ *cli.Program }

// ResendCommand returns resend.
func ResendCommand(p *cli.Program) *cobra.Command { return commands{p}.resendCommand() }

// CancelCommand returns cancel.
func CancelCommand(p *cli.Program) *cobra.Command { return commands{p}.cancelCommand() }

type resendFlags struct {
	to                []string
	all, dryRun, json bool

	// In bulk.
	usage.Filter
	webhooks    []string
	status      string
	yes, noWait bool
}

func (c commands) resendCommand() *cobra.Command {
	var f resendFlags
	cmd := &cobra.Command{
		Use:   "resend {EVENT-ID... | --since TIME}",
		Short: "Send events again",
		Long: "Sends events again through the running relay. An event that was accepted for\n" +
			"several webhooks needs --to or --all. A delivery that is still waiting is\n" +
			"retried now instead.\n" +
			"\n" +
			"With --since, resends all deliveries that were given up since a time, to the\n" +
			"webhooks named by --webhook or to all. It prints how many there are, asks for\n" +
			"confirmation, and waits until they have ended. They continue if this command is\n" +
			"interrupted. They respect the webhook's rate, concurrency and retry settings,\n" +
			"and new events are delivered after them. Deliveries that are waiting or have\n" +
			"arrived by now are skipped, so it is safe to run the same command again. The\n" +
			"exit code is 1 unless all of them arrive.",
		Example: "  sidehook resend e65c1481-e8a-4be-a5ca-27dfcde077d7 --to app-lifecycle\n" +
			"  sidehook resend --since 24h --dry-run\n" +
			"  sidehook resend --webhook app-lifecycle --since 7d --status exhausted --yes",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 || len(f.webhooks) == 0 && f.Since == "" {
				if err := f.checkEvents(args, cmd.Flags().Changed); err != nil {
					return err
				}
				return c.resend(cmd.Context(), args, f)
			}
			if err := f.checkBulk(); err != nil {
				return err
			}
			return c.resendBulk(cmd.Context(), f)
		},
	}
	cmd.Flags().StringArrayVar(&f.to, "to", nil, "resend to the webhook `NAME`, even if it did not get the event before; repeat it, except with --since")
	cmd.Flags().BoolVar(&f.all, "all", false, "resend to all webhooks that the event was accepted for")
	cmd.Flags().StringArrayVar(&f.webhooks, "webhook", nil, "resend what was given up for the webhook `NAME`; repeat it (default: all)")
	f.Add(cmd, "deliveries", "that ended")
	cmd.Flags().StringVar(&f.status, "status", "", "only deliveries that ended with this `STATUS`, or several with commas: "+usage.OneOf(history.Ends()...)+" (default: all but delivered)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "list what would be resent, and resend nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until they have ended")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

// checkEvents checks the flags for a resend of events.
func (f *resendFlags) checkEvents(args []string, given func(flag string) bool) error {
	for _, flag := range []string{"webhook", "since", "until", "status", "type", "no-wait"} {
		switch {
		case !given(flag):
		case len(args) == 0:
			return usage.Requires("--"+flag, "--since")
		default:
			return usage.Together("EVENT-ID", "--"+flag)
		}
	}
	switch {
	case len(args) == 0:
		return usage.Missing("EVENT-ID, or --since with or without --webhook")
	case slices.Contains(args, ""):
		return usage.EmptyArgument("EVENT-ID")
	case f.all && len(f.to) > 0:
		return usage.Together("--to", "--all")
	}
	return nil
}

// resend continues with the next event after one that fails.
func (c commands) resend(ctx context.Context, ids []string, f resendFlags) error {
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	request := api.ResendRequest{Webhooks: f.to, All: f.all}
	failed := false
	for _, id := range ids {
		one := c.resendOne
		if f.dryRun {
			one = c.tryResend
		}
		if err := one(ctx, relay, id, &request, f.json); err != nil {
			var refused *client.RefusedError
			if !f.all && len(f.to) == 0 && errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
				err = fmt.Errorf("%w (--to NAME or --all)", err)
			}
			c.Err.Noticef("resend %q: %s", id, err)
			failed = true
		}
	}
	if failed {
		return usage.ExitCode(1)
	}
	return nil
}

func (c commands) resendOne(ctx context.Context, relay *client.Client, id string, request *api.ResendRequest, asJSON bool) error {
	var resent api.Resent
	answer, err := relay.Post(ctx, api.Path(api.ResendPath, id), request, &resent)
	if err != nil {
		return err
	}
	if asJSON {
		c.Out.Write(answer)
		return nil
	}
	again := slices.DeleteFunc(resent.Webhooks, func(name string) bool { return slices.Contains(resent.Hastened, name) })
	if len(again) > 0 {
		c.Out.Linef("resending %s to %s", resent.ID, strings.Join(again, ", "))
	}
	if len(resent.Hastened) > 0 {
		c.Out.Linef("%s was still waiting for %s; retrying it now", resent.ID, strings.Join(resent.Hastened, ", "))
	}
	if len(resent.Gone) > 0 {
		c.Out.Linef("%s is not resent to %s: no longer in the configuration", resent.ID, strings.Join(resent.Gone, ", "))
	}
	return nil
}

// tryResend prints what resendOne would do.
func (c commands) tryResend(ctx context.Context, relay *client.Client, id string, request *api.ResendRequest, asJSON bool) error {
	var t api.EventTrace
	if err := relay.Get(ctx, api.Path(api.EventPath, id), &t); err != nil {
		return err
	}
	to := request.Webhooks
	switch {
	case len(to) > 0:
	case len(t.To) == 0:
		return errors.New("it was accepted for no webhook; name one with --to NAME")
	case len(t.To) > 1 && !request.All:
		return fmt.Errorf("it was accepted for several webhooks (%s); add --to NAME or --all", strings.Join(t.To, ", "))
	default:
		to = t.To
	}
	if asJSON {
		return c.Out.JSON(api.Resent{ID: id, Webhooks: to})
	}
	c.Out.Linef("would resend %s to %s", id, strings.Join(to, ", "))
	return nil
}
