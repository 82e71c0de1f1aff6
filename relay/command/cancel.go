package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
)

// canceling is the flags of cancel.
type canceling struct {
	webhook, typ, since, until string
	yes, json                  bool
}

func (c *cli) cancelCommand() *cobra.Command {
	var f canceling
	cmd := &cobra.Command{
		Use:   "cancel [EVENT-ID]",
		Short: "End deliveries that wait",
		Long: "Ends waiting deliveries, through the running relay: those of an event, of a webhook,\n" +
			"or of both. Requests under way end as they began. What was canceled stands in the\n" +
			"history and can be resent.",
		Example: "  sidehook cancel e65c1481-e8a-4be-a5ca-27dfcde077d7\n" +
			"  sidehook cancel --webhook app-lifecycle --since 24h",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usagef("one EVENT-ID is taken, and %q is too many", args[1])
			case len(args) == 0 && f.webhook == "":
				return usagef("EVENT-ID or --webhook is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd.Context(), strings.Join(args, ""), f)
		},
	}
	cmd.Flags().StringVar(&f.webhook, "webhook", "", "only what waits for this `WEBHOOK`")
	cmd.Flags().StringVar(&f.typ, "type", "", "only events of this `TYPE`")
	cmd.Flags().StringVar(&f.since, "since", "", "only events accepted since this `TIME`: 24h or 30d (ago), or as in RFC 3339")
	cmd.Flags().StringVar(&f.until, "until", "", "only events accepted before this `TIME`")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask first")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (c *cli) cancel(ctx context.Context, id string, f canceling) error {
	request := api.CancelRequest{Event: id, Webhook: f.webhook, Type: f.typ}
	var err error
	if request.Since.Time, err = instant("since", f.since, time.Now()); err != nil {
		return err
	}
	if request.Until.Time, err = instant("until", f.until, time.Now()); err != nil {
		return err
	}
	what := "all that waits for " + f.webhook
	if f.typ+f.since+f.until != "" {
		what += " and matches"
	}
	if id == "" && !f.yes && !c.agrees("End "+what+"? [y/N] ") {
		return errors.New("nothing was canceled")
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	var ended api.Canceled
	answer, err := relay.Post(ctx, api.CancelPath, &request, &ended)
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	if f.json {
		_, err := c.out.Write(answer)
		return err
	}
	if ended.Count == 0 {
		c.out.linef("nothing that matches waits")
		return nil
	}
	c.out.linef("%s canceled", deliveries(ended.Count))
	return nil
}
