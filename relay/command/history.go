package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/config/unit"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/query"
)

// listing is the flags of history.
type listing struct {
	webhook                   string // "" for all
	status, typ, since, until string
	limit                     int
	follow                    bool
	json                      bool
}

func (c *cli) historyCommand() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "history [WEBHOOK]",
		Short: "List what became of the events, attempt by attempt",
		Args:  cobra.ArbitraryArgs,
		Long: "Lists the newest attempts to deliver an event, a line each, the newest last: of\n" +
			"one webhook, or of all. It reads the files, so the relay need not run.",
		Example: "  sidehook history app-lifecycle -f\n" +
			"  sidehook history --status failed,exhausted --since 7d --limit 100",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("one WEBHOOK is taken, and %q is too many", args[1])
			}
			if len(args) > 0 {
				l.webhook = args[0]
			}
			if l.limit < 0 {
				return usagef("--limit is %d, and must be 0 or more", l.limit)
			}
			q, err := l.query(time.Now())
			if err != nil {
				return err
			}
			return c.history(cmd.Context(), l, q)
		},
	}
	cmd.Flags().IntVar(&l.limit, "limit", 20, "list so many attempts: `N`")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var invalid interface{ GetValue() string }
		if errors.As(err, &invalid) && strings.Contains(err.Error(), `"--limit"`) {
			return usagef("--limit is %q, and must be a whole number", invalid.GetValue())
		}
		return err
	})
	cmd.Flags().StringVar(&l.status, "status", "", "only attempts that ended so: one `STATUS`, or several with commas")
	cmd.Flags().StringVar(&l.typ, "type", "", "only events of this `TYPE`")
	cmd.Flags().StringVar(&l.since, "since", "", "only attempts since this `TIME`: 24h or 7d (ago), or as in RFC 3339")
	cmd.Flags().StringVar(&l.until, "until", "", "only attempts before this `TIME`")
	cmd.Flags().BoolVarP(&l.follow, "follow", "f", false, "go on with the attempts that come")
	jsonFlag(cmd, &l.json)
	cmd.AddCommand(c.historyStatsCommand(), c.historyCheckCommand())
	return cmd
}

// query is what the flags ask the history.
func (l *listing) query(now time.Time) (query.Query, error) {
	q := query.Query{Webhook: l.webhook, Type: l.typ}
	if l.follow && l.until != "" {
		return q, usagef("--until does not go with --follow, which has no end")
	}
	var err error
	if q.Since, err = instant("since", l.since, now); err != nil {
		return q, err
	}
	if q.Until, err = instant("until", l.until, now); err != nil {
		return q, err
	}
	if l.status == "" {
		return q, nil
	}
	for name := range strings.SplitSeq(l.status, ",") {
		if !slices.Contains(query.Statuses(), history.Status(name)) {
			return q, usagef("--status: %q is no status; there are delivered, retrying, failed, exhausted, canceled and expired", name)
		}
		q.Statuses = append(q.Statuses, history.Status(name))
	}
	return q, nil
}

// instant reads the time of a flag, or how long ago it was; zero if it is not
// given.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, ok := event.ParseTime(text); ok {
		return at, nil
	}
	if ago, ok := unit.ParseDuration(text); ok {
		return now.Add(-ago).UTC(), nil
	}
	return time.Time{}, usagef("--%s: %q is neither a time as in RFC 3339, such as 2026-11-23T14:55:00Z, nor a duration, such as 24h or 30d", flag, text)
}

func (c *cli) history(ctx context.Context, l listing, q query.Query) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	reading, err := readHistory(file.History.Dir)
	began := false
	if l.follow && errors.Is(err, history.ErrNoHistory) {
		began = true
		// What is written from here on is followed; there is nothing to list.
		reading, err = c.awaitHistory(ctx, file.History.Dir, l)
	}
	if err != nil {
		return err
	}
	defer reading.Close()
	p := newAttemptPrinter(c, l)
	if began {
		return p.follow(ctx, reading, &q, 0)
	}
	newest, err := reading.Newest()
	if err != nil {
		return err
	}
	q.Before = newest + 1
	lines, err := newestAttempts(reading, q, l.limit)
	if err != nil {
		return err
	}
	if err := p.list(lines); err != nil {
		return err
	}
	if l.follow {
		q.Before = 0
		return p.follow(ctx, reading, &q, newest)
	}
	switch {
	case len(lines) > 0 || l.limit == 0:
		p.hints()
	case l.status+l.typ+l.since+l.until != "":
		c.err.linef("sidehook: no attempt in the history matches")
	case l.webhook != "":
		c.err.linef("sidehook: no attempt to deliver to %q is in the history", l.webhook)
	default:
		c.err.linef("sidehook: no attempt is in the history")
	}
	return nil
}

// awaitHistory waits for a history below the head of its table.
func (c *cli) awaitHistory(ctx context.Context, dir string, l listing) (*query.Reader, error) {
	p := newAttemptPrinter(c, l)
	if err := p.list(nil); err != nil {
		return nil, err
	}
	if c.out.broken() {
		return nil, exitCode(1)
	}
	return query.Await(ctx, dir)
}

// newestAttempts are the lines to list, oldest first.
func newestAttempts(reading *query.Reader, q query.Query, most int) (lines [][]byte, err error) {
	if most == 0 {
		return nil, nil
	}
	err = reading.Attempts(q, func(o *history.DeliveryRecord) bool {
		lines = append(lines, o.JSON())
		return len(lines) != most
	})
	slices.Reverse(lines)
	return lines, err
}
