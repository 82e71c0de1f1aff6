package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/report"
	"sidehook/relay/command/usage"
	"sidehook/relay/plan"
)

func (c *commands) planCommand() *cobra.Command {
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Show what an edit of webhooks.yaml would do",
		Long: "Compares FILE with the file in use, and tries both on the events of the last 24\n" +
			"hours: which webhooks it adds, changes and removes, what becomes of deliveries\n" +
			"that wait, which keys need a restart, how many events each webhook would have\n" +
			"got, and which conditions and transforms would have failed. It writes nothing.\n" +
			"The exit code is 1 if FILE has an error.",
		Example: "  sidehook plan webhooks.new.yaml --since 7d",
		Args:    usage.OneArgument("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := usage.ParseTime("since", since, time.Now())
			if err != nil {
				return err
			}
			return c.plan(cmd.Context(), args[0], from, asJSON)
		},
	}
	cmd.Flags().StringVar(&since, "since", "24h", "try it on the events accepted since `TIME`: "+usage.TimeFormat)
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

func (c *commands) plan(ctx context.Context, path string, since time.Time, asJSON bool) error {
	before, err := c.Load(config.Check)
	if err != nil {
		return err
	}
	after, err := config.Load(path, config.Check)
	var problems config.Problems
	if errors.As(err, &problems) {
		report.PrintProblems(c.Err, problems)
		return usage.ExitCode(1)
	}
	if err != nil {
		return err
	}
	if refused := after.Refused(); len(refused) > 0 {
		for _, in := range refused {
			report.PrintProblems(c.Err, in.Problems)
		}
		return usage.ExitCode(1)
	}
	plan, err := plan.Make(before, after, func(visit func(*event.Event)) error {
		return eventsSince(before.History.Dir, since, visit)
	})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	plan.Waiting = c.waiting(ctx, before.Listen)
	if asJSON {
		return c.Out.JSON(plan)
	}
	report.PrintProblems(c.Err, after.Warnings)
	report.PrintPlan(c.Out, plan, before.Path, path, since)
	return nil
}

// eventsSince visits the events accepted since a time, the newest first. Without a
// history there are none.
func eventsSince(dir string, since time.Time, visit func(*event.Event)) error {
	reader, err := cli.OpenHistory(dir)
	if errors.Is(err, history.ErrNoHistory) {
		return nil
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Accepted(func(r *history.EventRecord) bool {
		if r.At.Before(since) {
			return false
		}
		if r.Kind == history.KindEvent && r.Test == "" {
			if e, err := event.Parse(r.Event, r.Filled); err == nil {
				visit(&e)
			}
		}
		return true
	})
}

// waiting returns the backlog of each webhook, nil if no relay answers.
func (c *commands) waiting(ctx context.Context, in config.Listen) map[string]int {
	client, err := c.Dial(ctx, in)
	if err != nil {
		return nil
	}
	var list api.Webhooks
	if client.Get(ctx, api.WebhooksPath, &list) != nil {
		return nil
	}
	waiting := map[string]int{}
	for _, w := range list.Webhooks {
		waiting[w.Name] = int(w.Backlog.Events)
	}
	return waiting
}
