package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

type cancelFlags struct {
	filterFlags
	webhook   string
	yes, json bool
}

func (c *cli) cancelCommand() *cobra.Command {
	var f cancelFlags
	cmd := &cobra.Command{
		Use:   "cancel {EVENT-ID | --webhook NAME}",
		Short: "Cancel waiting deliveries",
		Long: "Cancels waiting deliveries through the running relay: those of an event, of a\n" +
			"webhook, or of an event to a webhook. Requests in flight are not interrupted. A\n" +
			"canceled delivery stays in the history and can be resent.",
		Example: "  sidehook cancel e65c1481-e8a-4be-a5ca-27dfcde077d7\n" +
			"  sidehook cancel --webhook app-lifecycle --since 24h",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.webhook == "" {
				return missing("EVENT-ID or --webhook")
			}
			return atMostOne("EVENT-ID", args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), strings.Join(args, ""), f)
		},
	}
	cmd.Flags().StringVar(&f.webhook, "webhook", "", "only deliveries to the webhook `NAME`")
	f.add(cmd, "events", "accepted")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (c *cli) cancel(ctx context.Context, id string, f cancelFlags) error {
	request := api.CancelRequest{Event: id, Webhook: f.webhook, Type: f.typ}
	var err error
	if request.Since.Time, request.Until.Time, err = f.times(time.Now()); err != nil {
		return err
	}
	which := "all"
	if f.given() {
		which = "all matching"
	}
	question := fmt.Sprintf("Cancel %s waiting deliveries to %s?", which, f.webhook)
	if id == "" && !f.yes && c.err.CanAsk(c.stdin) && !c.err.Confirm(c.stdin, question) {
		return errors.New("nothing was canceled")
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var canceled api.Canceled
	answer, err := relay.Post(ctx, api.CancelPath, &request, &canceled)
	switch {
	case err != nil:
		return fmt.Errorf("cancel: %w", err)
	case f.json:
		c.out.Write(answer)
	case canceled.Count == 0:
		c.out.Linef("no matching waiting deliveries")
	default:
		c.out.Linef("canceled %s", terminal.Count(canceled.Count, "delivery"))
	}
	return nil
}
