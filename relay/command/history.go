package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
)

type historyFlags struct {
	filterFlags
	webhook string // "" for all
	status  string
	limit   int
	follow  bool
	json    bool
}

func (c *cli) historyCommand() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history [WEBHOOK]",
		Short: "List the attempts to deliver events",
		Args:  func(_ *cobra.Command, args []string) error { return atMostOne("WEBHOOK", args) },
		Long: "Lists the newest attempts to deliver events, one per line and the newest last,\n" +
			"for one webhook or for all. It reads the files, so the relay need not run.",
		Example: "  sidehook history app-lifecycle -f\n" +
			"  sidehook history --status failed,exhausted --since 7d --limit 100",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.webhook = strings.Join(args, "")
			if f.limit < 0 {
				return usagef(limitRange, f.limit)
			}
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return c.history(cmd.Context(), f, q)
		},
	}
	cmd.Flags().IntVar(&f.limit, "limit", 20, "print at most `N` attempts")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var invalid interface{ GetValue() string }
		if errors.As(err, &invalid) && strings.Contains(err.Error(), `"--limit"`) {
			return usagef(limitRange, invalid.GetValue())
		}
		return err
	})
	cmd.Flags().StringVar(&f.status, "status", "", "only attempts with this `STATUS`, or several with commas: "+oneOf(query.Statuses()...))
	f.add(cmd, "attempts", "made")
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "keep printing new attempts")
	jsonFlag(cmd, &f.json)
	cmd.AddCommand(c.historyStatsCommand(), c.historyCheckCommand())
	return cmd
}

const limitRange = "--limit must be a whole number, 0 or more, not %v"

// query returns what the flags ask of the history.
func (f *historyFlags) query(now time.Time) (query.Query, error) {
	q := query.Query{Webhook: f.webhook, Type: query.Glob(f.typ)}
	if f.follow && f.until != "" {
		return q, together("--until", "--follow")
	}
	var err error
	if q.Since, q.Until, err = f.times(now); err != nil {
		return q, err
	}
	q.Statuses, err = parseStatuses(f.status, query.Statuses())
	return q, err
}

func (c *cli) history(ctx context.Context, f historyFlags, q query.Query) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	reader, err := openHistory(file.History.Dir)
	if f.follow && errors.Is(err, history.ErrNoHistory) {
		return c.followNewHistory(ctx, file.History.Dir, f, q)
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	p := newAttemptPrinter(c, f)
	newest, err := reader.Newest()
	if err != nil {
		return err
	}
	q.Before = newest + 1
	lines, err := newestAttempts(reader, q, f.limit)
	if err != nil {
		return err
	}
	p.list(lines)
	if f.follow {
		q.Before = 0
		return p.follow(ctx, reader, &q, newest)
	}
	switch {
	case len(lines) > 0 || f.limit == 0:
		p.printNext()
	case f.status != "" || f.given():
		c.notice("no matching attempts in the history")
	case f.webhook != "":
		c.notice("no attempts to deliver to %q in the history", f.webhook)
	default:
		c.notice("no attempts in the history")
	}
	return nil
}

// followNewHistory waits until there is a history, and follows it from its first
// attempt.
func (c *cli) followNewHistory(ctx context.Context, dir string, f historyFlags, q query.Query) error {
	p := newAttemptPrinter(c, f)
	p.list(nil)
	if c.out.Broken() {
		return exitCode(1)
	}
	reader, err := query.Await(ctx, dir)
	if err != nil {
		return err
	}
	defer reader.Close()
	return p.follow(ctx, reader, &q, 0)
}

// newestAttempts returns at most limit lines, the oldest first.
func newestAttempts(reader *query.Reader, q query.Query, limit int) (lines [][]byte, err error) {
	if limit == 0 {
		return nil, nil
	}
	err = reader.Attempts(q, func(o *history.DeliveryRecord) bool {
		lines = append(lines, o.JSON())
		return len(lines) != limit
	})
	slices.Reverse(lines)
	return lines, err
}
