package reading

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/api"
	"sidehook/relay/command/report"
	"sidehook/relay/command/source"
	"sidehook/relay/command/usage"
)

type eventsFlags struct {
	usage.Filter
	webhooks                 []string // none: all
	unmatched, waiting, json bool
	limit                    int
}

func (c commands) eventsCommand() *cobra.Command {
	var f eventsFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List the events that were accepted",
		Long: "Lists the newest events that were accepted, one per line and the newest last, and\n" +
			"what has become of them at each webhook: also those that no webhook wanted, and\n" +
			"those that wait. It reads the files, so the relay need not run. Where the files\n" +
			"may not be read, it asks the relay.",
		Example: "  sidehook events --unmatched --since 24h\n" +
			"  sidehook events --waiting --webhook app-lifecycle --type 'order.*'",
		Args: usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return c.events(cmd.Context(), &f, q)
		},
	}
	cmd.Flags().BoolVar(&f.unmatched, "unmatched", false, "only events that no webhook wanted")
	cmd.Flags().BoolVar(&f.waiting, "waiting", false, "only events with a delivery that has not ended")
	cmd.Flags().StringArrayVar(&f.webhooks, "webhook", nil, "only events for the webhook `NAME`; repeat it")
	f.Add(cmd, "events", "accepted")
	usage.LimitFlag(cmd, &f.limit, "events")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

// query returns what the flags ask for, but for the webhooks.
func (f *eventsFlags) query(now time.Time) (q api.EventsQuery, err error) {
	q = api.EventsQuery{Type: f.Type}
	switch {
	case f.limit < 0:
		return q, usage.Errorf(usage.LimitRange, f.limit)
	case f.unmatched && f.waiting:
		return q, usage.Together("--unmatched", "--waiting")
	case f.unmatched && len(f.webhooks) > 0:
		return q, usage.Together("--unmatched", "--webhook")
	case f.unmatched:
		q.Matched = "false"
	case f.waiting:
		q.Waiting = "true"
	}
	q.Since, q.Until, err = f.Times(now)
	return q, err
}

func (c commands) events(ctx context.Context, f *eventsFlags, q api.EventsQuery) error {
	file, err := c.Load(config.Tools)
	if err != nil {
		return err
	}
	c.SayUnknownType(f.Type)
	s, err := c.Source(ctx, file)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := source.NewestEvents(ctx, s, q, f.webhooks, f.limit)
	if err != nil {
		return err
	}
	if len(list) == 0 && f.limit > 0 {
		for _, name := range f.webhooks {
			if err := c.mustKnow(ctx, s, name); err != nil {
				return err
			}
		}
		c.Err.Noticef("no %s in the history", f.describe())
		return nil
	}
	if f.json {
		for i := range list {
			if err := c.Out.JSON(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	report.PrintEvents(c.Out, c.Next, list, time.Now())
	return nil
}

// describe names what the flags ask for.
func (f *eventsFlags) describe() string {
	switch {
	case f.unmatched && !f.Given():
		return "events that no webhook wanted"
	case f.waiting && !f.Given() && len(f.webhooks) == 0:
		return "waiting events"
	case f.Given() || len(f.webhooks) > 0 || f.waiting:
		return "matching events"
	}
	return "events"
}
