package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"sidehook/config"
	"sidehook/history"
)

// bulkTimeout is how long the relay may take to find and write a million
// resends.
const bulkTimeout = 10 * time.Minute

// bulkOrder is what is asked of the relay.
type bulkOrder struct {
	Webhook string   `json:"webhook"`
	Since   string   `json:"since"`
	Until   string   `json:"until,omitempty"`
	Status  []string `json:"status,omitempty"`
	Type    string   `json:"type,omitempty"`
	To      string   `json:"to,omitempty"`
}

// bulkAnswer is what the relay says.
type bulkAnswer struct {
	Count int         `json:"count"`
	Seqs  [][2]uint64 `json:"seqs,omitempty"`
	Gone  int         `json:"gone,omitempty"`
}

// receiver is who gets what is sent again.
func (o *bulkOrder) receiver() string {
	if o.To != "" {
		return o.To
	}
	return o.Webhook
}

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

// order reads the flags, and says what the same is for the history.
func (r *resending) order(now time.Time) (bulkOrder, history.Bulk, error) {
	o := bulkOrder{Webhook: r.webhook, Type: r.typ, To: strings.Join(r.to, "")}
	b := history.Bulk{Webhooks: []string{r.webhook}, Type: r.typ, To: o.To, Statuses: history.Undelivered()}
	var err error
	if b.Since, err = instant("since", r.since, now); err != nil {
		return o, b, err
	}
	if b.Until, err = instant("until", r.until, now); err != nil {
		return o, b, err
	}
	o.Since = b.Since.Format(time.RFC3339Nano)
	if !b.Until.IsZero() {
		o.Until = b.Until.Format(time.RFC3339Nano)
	}
	if r.status == "" {
		return o, b, nil
	}
	o.Status, b.Statuses = strings.Split(r.status, ","), nil
	for _, name := range o.Status {
		if name == string(history.Retrying) {
			return o, b, usagef("--status: what is retrying still waits, and webhook retry makes it due now")
		}
		if !slices.Contains(history.Ends(), history.Status(name)) {
			return o, b, usagef("--status: %q is not how a delivery ends; there are delivered, failed, exhausted, canceled and expired", name)
		}
		b.Statuses = append(b.Statuses, history.Status(name))
	}
	return o, b, nil
}

// resendBulk says how many deliveries match, asks, has the relay make them
// again, and waits for them.
func (c *cli) resendBulk(ctx context.Context, r resending) error {
	order, bulk, err := r.order(time.Now())
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
	var receiver struct{ State string }
	if err := relay.get(ctx, "/v1/webhooks/"+url.PathEscape(order.receiver()), &receiver); err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	reading, err := readHistory(file.History.Dir)
	if err != nil {
		return err
	}
	defer reading.Close()
	match, newest, err := c.agreed(ctx, reading, &order, bulk, r.yes)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	answer := bulkAnswer{Gone: match.Gone}
	if match.Count > 0 {
		answer, err = relay.bulk(ctx, &order)
		var refused *refusedError
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
		c.out.linef("%s to %s sent again; to follow: %s", deliveries(answer.Count), order.receiver(), c.hint("history", order.receiver(), "-f"))
		return nil
	}
	switch receiver.State {
	case "failing":
		c.err.linef("sidehook: %s is failing, and is tried once in a while until it answers; to try it now: %s", order.receiver(), c.hint("webhook", "retry", order.receiver()))
	case "paused", "off", "disabled":
		c.err.linef("sidehook: %s is %s: what is sent again waits until it is not, and goes on without this command", order.receiver(), receiver.State)
	}
	w := bulkWait{cli: c, bulkAnswer: answer, receiver: order.receiver(), began: time.Now(), over: map[uint64]bool{}, ended: map[history.Status]int{}}
	return w.run(ctx, reading.Follow(newest), r.json)
}

// agreed says what matches and the number of the newest record of the
// deliveries, after whoever called has agreed to it.
func (c *cli) agreed(ctx context.Context, reading *history.Reading, o *bulkOrder, b history.Bulk, yes bool) (m history.Matches, newest uint64, err error) {
	if newest, err = reading.Newest(); err != nil {
		return m, newest, err
	}
	if m, err = reading.Bulk(ctx, b); err != nil || m.Count == 0 {
		return m, newest, err
	}
	if m.Count > history.MaxBulk {
		return m, newest, fmt.Errorf("%w: narrow it down by --since and --until, --type or --status", &history.TooManyError{Count: m.Count})
	}
	what := deliveries(m.Count) + " to " + o.Webhook + " again"
	if o.To != "" {
		what = deliveries(m.Count) + " for " + o.Webhook + " to " + o.To
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

// bulk asks the relay.
func (c *client) bulk(ctx context.Context, o *bulkOrder) (answer bulkAnswer, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return answer, err
	}
	patient := *c
	patient.http.Timeout = bulkTimeout
	text, err := patient.call(ctx, http.MethodPost, "/v1/resend", body)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, fmt.Errorf("read the answer: %w", err)
	}
	return answer, nil
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}
