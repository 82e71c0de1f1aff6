package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// resending is the flags of resend.
type resending struct {
	to        []string
	all, json bool
}

func (c *cli) resendCommand() *cobra.Command {
	var r resending
	cmd := &cobra.Command{
		Use:   "resend EVENT-ID...",
		Short: "Send events again",
		Long: "Sends events again, through the running relay. An event that was accepted for\n" +
			"several webhooks needs --to or --all. One that still waits is made due now instead.",
		Example: "  sidehook resend e65c1481-e8a-4be-a5ca-27dfcde077d7 --to app-lifecycle",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("EVENT-ID is missing")
			}
			if slices.Contains(args, "") {
				return usagef("EVENT-ID is empty")
			}
			if r.all && len(r.to) > 0 {
				return usagef("--to and --all exclude each other")
			}
			return c.resend(cmd.Context(), args, r)
		},
	}
	cmd.Flags().StringArrayVar(&r.to, "to", nil, "to this `WEBHOOK`, whether it got the event before or not; may be repeated")
	cmd.Flags().BoolVar(&r.all, "all", false, "to all webhooks that the event was accepted for")
	jsonFlag(cmd, &r.json)
	return cmd
}

// resend goes on to the next event after one that fails.
func (c *cli) resend(ctx context.Context, ids []string, r resending) error {
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	target := map[string]any{}
	if r.all {
		target["all"] = true
	}
	if len(r.to) > 0 {
		target["webhooks"] = r.to
	}
	body, err := json.Marshal(target)
	if err != nil {
		return err
	}
	failed := false
	for _, id := range ids {
		if err := c.resendOne(ctx, relay, id, body, r.json); err != nil {
			var refused *refusedError
			if len(target) == 0 && errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
				err = fmt.Errorf("%w: give --to WEBHOOK, or --all", err)
			}
			c.err.linef("sidehook: resend %q: %s", id, err)
			failed = true
		}
	}
	if failed {
		return said(1)
	}
	return nil
}

func (c *cli) resendOne(ctx context.Context, relay *client, id string, body []byte, asJSON bool) error {
	answer, err := relay.call(ctx, http.MethodPost, "/v1/events/"+url.PathEscape(id)+"/resend", body)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := c.out.Write(answer)
		return err
	}
	var resent struct {
		ID                       string
		Seq                      uint64
		Webhooks, Hastened, Gone []string
	}
	if err := json.Unmarshal(answer, &resent); err != nil {
		return fmt.Errorf("read the answer: %w", err)
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
