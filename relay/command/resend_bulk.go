package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sidehook/config"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/terminal"
)

// bulkTimeout is how long the relay may take to find and record a million resends.
const bulkTimeout = 10 * time.Minute

// checkBulk checks the flags for a resend in bulk.
func (f *resendFlags) checkBulk(args []string) error {
	switch {
	case len(args) > 0:
		return together("EVENT-ID", "--webhook")
	case f.all:
		return together("--all", "--webhook")
	case len(f.to) > 1:
		return usagef("--webhook allows one --to; unexpected %q", f.to[1])
	case f.since == "":
		return requires("--webhook", "--since, such as --since 24h")
	}
	return nil
}

// bulkRequest reads the flags.
func (f *resendFlags) bulkRequest(now time.Time) (r api.BulkRequest, err error) {
	r = api.BulkRequest{Webhooks: api.Names{f.webhook}, Type: f.typ, To: strings.Join(f.to, "")}
	if r.Since.Time, r.Until.Time, err = f.times(now); err != nil {
		return r, err
	}
	r.Statuses, err = parseStatuses(f.status, query.Ends())
	return r, err
}

// bulkQuery returns what a request asks for, in the terms of the history.
func bulkQuery(r *api.BulkRequest) query.Bulk {
	bulk := query.Bulk{
		Webhooks: r.Webhooks, Type: query.Glob(r.Type), To: r.To, Since: r.Since.Time, Until: r.Until.Time, Statuses: r.Statuses,
	}
	if len(bulk.Statuses) == 0 {
		bulk.Statuses = query.Undelivered()
	}
	return bulk
}

// resendBulk counts what matches, asks for confirmation, has the relay resend it,
// and waits for the end.
func (c *cli) resendBulk(ctx context.Context, f resendFlags) error {
	request, err := f.bulkRequest(time.Now())
	if err != nil {
		return err
	}
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	relay, err := c.connect(ctx, file)
	if err != nil {
		return err
	}
	to := cmp.Or(request.To, f.webhook)
	var receiver api.Webhook
	if err := relay.Get(ctx, api.Path(api.WebhookPath, to), &receiver); err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	reader, err := openHistory(file.History.Dir)
	if err != nil {
		return err
	}
	defer reader.Close()
	// What follows this record is about what is resent here.
	newest, err := reader.Newest()
	if err != nil {
		return err
	}
	match, err := c.confirmBulk(ctx, reader, &request, f.yes)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	answer := api.BulkResent{Gone: match.Gone}
	if match.Count > 0 {
		_, err = relay.Within(bulkTimeout).Post(ctx, api.BulkPath, &request, &answer)
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
		c.notice("%s more cannot be resent: their events are no longer in the history", terminal.Count(answer.Gone, "delivery"))
	}
	switch {
	case f.json && (answer.Count == 0 || f.noWait):
		return c.printJSON(answer)
	case answer.Count == 0:
		c.out.Linef("no matching deliveries")
		return nil
	case f.noWait:
		c.out.Linef("resending %s to %s; to follow: %s", terminal.Count(answer.Count, "delivery"), to, c.next("history", to, "-f"))
		return nil
	}
	switch receiver.State {
	case "failing":
		c.notice("%s is failing and only probed now and then; to retry now: %s", to, c.next("webhook", "retry", to))
	case "paused", "off", "disabled":
		c.notice("%s is %s: the deliveries wait until it is active again, also without this command", to, receiver.State)
	}
	w := newBulkWait(c, to, answer)
	return w.run(ctx, reader.Follow(newest), f.json)
}

// confirmBulk counts what matches. It returns an error unless the caller agrees.
func (c *cli) confirmBulk(ctx context.Context, reader *query.Reader, r *api.BulkRequest, yes bool) (query.Matches, error) {
	m, err := reader.Bulk(ctx, bulkQuery(r))
	if err != nil || m.Count == 0 {
		return m, err
	}
	if m.Count > query.MaxBulk {
		return m, fmt.Errorf("%w: narrow it down with --since, --until, --type or --status", &query.TooManyError{Count: m.Count})
	}
	what := terminal.Count(m.Count, "delivery") + " to " + strings.Join(r.Webhooks, ", ")
	if r.To != "" {
		what = terminal.Count(m.Count, "delivery") + " for " + strings.Join(r.Webhooks, ", ") + " to " + r.To
	}
	switch {
	case yes:
	case !c.err.CanAsk(c.stdin):
		return m, usagef("resend %s? not a terminal: add --yes to confirm", what)
	case !c.err.Confirm(c.stdin, "Resend "+what+"? New events are delivered after these."):
		return m, errors.New("nothing was resent")
	}
	return m, nil
}
