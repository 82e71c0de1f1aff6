package command

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
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
)

// bulkTimeout is how long the relay may take to find and write a million
// resends.
const bulkTimeout = 10 * time.Minute

// usage is what is wrong with the flags and arguments together, nil if nothing.
func (r *resending) usage(args []string, given func(flag string) bool) error {
	if r.webhook != "" {
		switch {
		case len(args) > 0:
			return usagef("EVENT-ID and --webhook exclude each other")
		case r.all:
			return usagef("--webhook and --all exclude each other")
		case len(r.to) > 1:
			return usagef("one --to goes with --webhook, and %q is too many", r.to[1])
		case r.since == "":
			return usagef("--since is missing: say since when, such as 24h or 7d")
		}
		return nil
	}
	for _, flag := range []string{"since", "until", "status", "type", "yes", "no-wait"} {
		if given(flag) {
			return usagef("--%s goes with --webhook alone", flag)
		}
	}
	switch {
	case len(args) == 0:
		return usagef("EVENT-ID or --webhook is missing")
	case slices.Contains(args, ""):
		return usagef("EVENT-ID is empty")
	case r.all && len(r.to) > 0:
		return usagef("--to and --all exclude each other")
	}
	return nil
}

// request reads the flags.
func (r *resending) request(now time.Time) (b api.BulkRequest, err error) {
	b = api.BulkRequest{Webhook: r.webhook, Type: r.typ, To: strings.Join(r.to, "")}
	if b.Since.Time, err = instant("since", r.since, now); err != nil {
		return b, err
	}
	if b.Until.Time, err = instant("until", r.until, now); err != nil {
		return b, err
	}
	if r.status == "" {
		return b, nil
	}
	for name := range strings.SplitSeq(r.status, ",") {
		status := history.Status(name)
		if status == history.Retrying {
			return b, usagef("--status: what is retrying still waits, and webhook retry makes it due now")
		}
		if !slices.Contains(query.Ends(), status) {
			return b, usagef("--status: %q is not how a delivery ends; there are delivered, failed, exhausted, canceled and expired", name)
		}
		b.Statuses = append(b.Statuses, status)
	}
	return b, nil
}

// matching returns what a request asks for, in the terms of the history.
func matching(b *api.BulkRequest) query.Bulk {
	bulk := query.Bulk{
		Webhooks: []string{b.Webhook}, Type: b.Type, To: b.To, Since: b.Since.Time, Until: b.Until.Time, Statuses: b.Statuses,
	}
	if len(bulk.Statuses) == 0 {
		bulk.Statuses = query.Undelivered()
	}
	return bulk
}

// resendBulk says how many deliveries match, asks, has the relay make them
// again, and waits for them.
func (c *cli) resendBulk(ctx context.Context, r resending) error {
	request, err := r.request(time.Now())
	if err != nil {
		return err
	}
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	relay, err := connect(ctx, file.Listen)
	if err != nil {
		return err
	}
	var receiver api.Webhook
	if err := relay.Get(ctx, api.Path(api.WebhookPath, request.Receiver()), &receiver); err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	reading, err := readHistory(file.History.Dir)
	if err != nil {
		return err
	}
	defer reading.Close()
	match, newest, err := c.agreed(ctx, reading, &request, r.yes)
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
			return errors.New("resend: interrupted: what the relay has taken goes on, and the same command finds the rest")
		case errors.As(err, &refused):
			return fmt.Errorf("resend: %w", err)
		case err != nil:
			return fmt.Errorf("resend: %w: what the relay has taken goes on once it runs, and the same command finds the rest", err)
		}
	}
	if answer.Gone > 0 {
		c.err.linef("sidehook: %s more cannot be sent again, as the history does not have the events any more", deliveries(answer.Gone))
	}
	switch {
	case r.json && (answer.Count == 0 || r.noWait):
		return c.json(answer)
	case answer.Count == 0:
		c.out.linef("nothing matches")
		return nil
	case r.noWait:
		c.out.linef("%s to %s sent again; to follow: %s", deliveries(answer.Count), request.Receiver(), c.hint("history", request.Receiver(), "-f"))
		return nil
	}
	switch receiver.State {
	case "failing":
		c.err.linef("sidehook: %s is failing, and is tried once in a while until it answers; to try it now: %s", request.Receiver(), c.hint("webhook", "retry", request.Receiver()))
	case "paused", "off", "disabled":
		c.err.linef("sidehook: %s is %s: what is sent again waits until it is not, and goes on without this command", request.Receiver(), receiver.State)
	}
	w := bulkWait{cli: c, BulkResent: answer, receiver: request.Receiver(), began: time.Now(), over: map[uint64]bool{}, ended: map[history.Status]int{}}
	return w.run(ctx, reading.Follow(newest), r.json)
}

// agreed says what matches and the number of the newest record of the
// deliveries, after whoever called has agreed to it.
func (c *cli) agreed(ctx context.Context, reading *query.Reader, b *api.BulkRequest, yes bool) (m query.Matches, newest uint64, err error) {
	if newest, err = reading.Newest(); err != nil {
		return m, newest, err
	}
	if m, err = reading.Bulk(ctx, matching(b)); err != nil || m.Count == 0 {
		return m, newest, err
	}
	if m.Count > query.MaxBulk {
		return m, newest, fmt.Errorf("%w: narrow it down by --since and --until, --type or --status", &query.TooManyError{Count: m.Count})
	}
	what := deliveries(m.Count) + " to " + b.Webhook + " again"
	if b.To != "" {
		what = deliveries(m.Count) + " for " + b.Webhook + " to " + b.To
	}
	switch {
	case yes:
	case !c.canAsk():
		return m, newest, usagef("to send %s, add --yes: nobody can be asked here", what)
	case !c.agrees("Send " + what + "? What is accepted for it from now on comes behind. [y/N] "):
		return m, newest, errors.New("nothing is sent again")
	}
	return m, newest, nil
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}
