package deliveries

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/names"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

type cancelFlags struct {
	usage.Filter
	webhooks          []string
	yes, dryRun, json bool
}

func (c commands) cancelCommand() *cobra.Command {
	var f cancelFlags
	cmd := &cobra.Command{
		Use:   "cancel {EVENT-ID | --webhook NAME}",
		Short: "Cancel waiting deliveries",
		Long: "Cancels waiting deliveries through the running relay: those of an event, of a\n" +
			"webhook, or of an event to a webhook. Without an EVENT-ID it prints how many\n" +
			"there are and asks for confirmation. Requests in flight are not interrupted. A\n" +
			"canceled delivery stays in the history and can be resent.",
		Example: "  sidehook cancel e65c1481-e8a-4be-a5ca-27dfcde077d7\n" +
			"  sidehook cancel --webhook app-lifecycle --since 24h --dry-run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && len(f.webhooks) == 0 {
				return usage.Missing("EVENT-ID or --webhook")
			}
			return usage.AtMostOne("EVENT-ID", args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), strings.Join(args, ""), f)
		},
	}
	cmd.Flags().StringArrayVar(&f.webhooks, "webhook", nil, "only deliveries to the webhook `NAME`; repeat it")
	f.Add(cmd, "events", "accepted")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "list what would be canceled, and cancel nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

// requests returns what the flags ask for, a request for each webhook.
func (f *cancelFlags) requests(id string, now time.Time) (list []api.CancelRequest, err error) {
	r := api.CancelRequest{Event: id, Type: f.Type}
	if r.Since.Time, r.Until.Time, err = f.Times(now); err != nil {
		return nil, err
	}
	if len(f.webhooks) == 0 {
		return []api.CancelRequest{r}, nil
	}
	for _, name := range f.webhooks {
		r.Webhook = name
		list = append(list, r)
	}
	return list, nil
}

func (c commands) cancel(ctx context.Context, id string, f cancelFlags) error {
	requests, err := f.requests(id, time.Now())
	if err != nil {
		return err
	}
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	c.SayUnknownType(f.Type)
	selected := api.Selected{Events: []string{}}
	for _, r := range requests {
		s, err := relay.TryCancel(ctx, r)
		if err != nil {
			return fmt.Errorf("cancel: %w", cli.NearestWebhook(ctx, relay, r.Webhook, err))
		}
		selected.Count += s.Count
		selected.Events = append(selected.Events, s.Events...)
	}
	what := measure.Count(selected.Count, "waiting delivery")
	if len(f.webhooks) > 0 {
		what += " to " + names.And(f.webhooks)
	}
	if f.dryRun {
		selected.Events = selected.Events[:min(len(selected.Events), api.MaxSelected)]
		return c.printSelected(selected, what+" would be canceled", f.json)
	}
	if id == "" && selected.Count > 0 {
		if err := c.Confirm(f.yes, "cancel "+what, "Cancel "+what+"?", "nothing was canceled"); err != nil {
			return err
		}
	}
	if id == "" && selected.Count == 0 {
		requests = nil // what has come by now was not asked for
	}
	var canceled api.Canceled
	for _, r := range requests {
		answer, err := relay.Cancel(ctx, r)
		if err != nil {
			return fmt.Errorf("cancel: %w", err)
		}
		canceled.Count += answer.Count
	}
	switch {
	case f.json:
		return c.Out.JSON(canceled)
	case canceled.Count == 0:
		c.Out.Linef("no matching waiting deliveries")
	default:
		c.Out.Linef("canceled %s", measure.Count(canceled.Count, "delivery"))
	}
	return nil
}
