package deliveries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/bulk"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/names"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

// checkBulk checks the flags for a resend in bulk.
func (f *resendFlags) checkBulk() error {
	switch {
	case f.all:
		return usage.Together("--all", "--webhook")
	case len(f.to) > 1:
		return usage.Errorf("--since allows one --to; unexpected %q", f.to[1])
	case f.Since == "":
		return usage.Requires("--webhook", "--since, such as --since 24h")
	}
	return nil
}

// bulkRequest reads the flags.
func (f *resendFlags) bulkRequest(now time.Time) (r api.BulkRequest, err error) {
	r = api.BulkRequest{Webhooks: f.webhooks, Type: f.Type, To: strings.Join(f.to, "")}
	if r.Since.Time, r.Until.Time, err = f.Times(now); err != nil {
		return r, err
	}
	r.Statuses, err = usage.ParseStatuses(f.status, history.Ends())
	return r, err
}

// bulkTarget names the webhooks of a request.
func bulkTarget(r *api.BulkRequest) string {
	switch from := names.And(r.Webhooks); {
	case r.To == "" && from == "":
		return "to all webhooks"
	case r.To == "":
		return "to " + from
	case from == "":
		return "for all webhooks to " + r.To
	default:
		return "for " + from + " to " + r.To
	}
}

// receivers returns the webhooks that get what is resent, none for all.
func receivers(r *api.BulkRequest) []string {
	if r.To != "" {
		return []string{r.To}
	}
	return r.Webhooks
}

// resendBulk counts what matches, asks for confirmation, has the relay resend it,
// and waits for the end.
func (c commands) resendBulk(ctx context.Context, f resendFlags) error {
	request, err := f.bulkRequest(time.Now())
	if err != nil {
		return err
	}
	file, err := c.Load(config.Tools)
	if err != nil {
		return err
	}
	relay, err := c.Connect(ctx, file)
	if err != nil {
		return err
	}
	for _, name := range append(slices.Clone(f.webhooks), f.to...) {
		if err := c.mustHaveWebhook(ctx, relay, name); err != nil && (request.To == "" || name == request.To) {
			return fmt.Errorf("resend: %w", err)
		}
	}
	c.SayUnknownType(f.Type)
	matches, err := relay.TryResendBulk(ctx, request)
	if err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	what := measure.Count(matches.Count, "delivery") + " " + bulkTarget(&request)
	if f.dryRun {
		return c.printSelected(matches, what+" would be resent", f.json)
	}
	if matches.Count > 0 {
		if err := c.Confirm(f.yes, "resend "+what, "Resend "+what+"? New events are delivered after these.", "nothing was resent"); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	wait, done, err := bulk.New(bulk.Options{
		Out: c.Out, Err: c.Err, Next: c.Next, Dir: file.History.Dir, Relay: relay, Receivers: receivers(&request),
	})
	if err != nil {
		return err
	}
	defer done()
	answer := api.BulkResent{Gone: matches.Gone}
	if matches.Count > 0 {
		answer, err = relay.ResendBulk(ctx, request)
		var refused *client.RefusedError
		switch {
		case ctx.Err() != nil:
			return errors.New("resend: interrupted; what the relay has recorded continues; run the same command to resend the rest")
		case errors.As(err, &refused):
			return fmt.Errorf("resend: %w", err)
		case err != nil:
			return fmt.Errorf("resend: %w; what the relay has recorded continues when it runs; run the same command to resend the rest", err)
		}
	}
	if answer.Gone > 0 {
		c.Err.Noticef("%s more cannot be resent: their events are no longer in the history", measure.Count(answer.Gone, "delivery"))
	}
	to := strings.TrimPrefix(bulkTarget(&api.BulkRequest{Webhooks: receivers(&request)}), "to ")
	switch {
	case f.json && (answer.Count == 0 || f.noWait):
		return c.Out.JSON(answer)
	case answer.Count == 0:
		c.Out.Linef("no matching deliveries")
		return nil
	case f.noWait:
		c.Out.Linef("resending %s to %s; to follow: %s", measure.Count(answer.Count, "delivery"), to, bulk.FollowCommand(c.Next, receivers(&request)))
		return nil
	}
	c.sayIdle(ctx, relay, receivers(&request))
	wait.Begin(answer, to)
	return wait.Run(ctx, f.json)
}

// mustHaveWebhook returns an error for a name that no webhook of the relay has.
func (c commands) mustHaveWebhook(ctx context.Context, relay *client.Client, name string) error {
	var w api.Webhook
	return cli.NearestWebhook(ctx, relay, name, relay.Get(ctx, api.Path(api.WebhookPath, name), &w))
}

// sayIdle says which webhooks get nothing or little now, of those named or of all.
func (c commands) sayIdle(ctx context.Context, relay *client.Client, of []string) {
	list, err := relay.Webhooks(ctx, api.WebhooksQuery{})
	if err != nil {
		return
	}
	for i := range list.Webhooks {
		w := &list.Webhooks[i]
		if len(of) > 0 && !slices.Contains(of, w.Name) {
			continue
		}
		switch {
		case w.State == "failing":
			c.Err.Noticef("%s is failing and only probed now and then; to retry now: %s", w.Name, c.Next("webhook", "retry", w.Name))
		case slices.Contains([]string{"paused", "off", "disabled"}, w.State) && (len(of) > 0 || w.Backlog.Events > 0):
			c.Err.Noticef("%s is %s: the deliveries wait until it is active again, also without this command", w.Name, w.State)
		}
	}
}
