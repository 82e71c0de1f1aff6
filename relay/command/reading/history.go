// Package reading has the commands that read the history: events, history with stats and
// check, and show. They read the files, or ask the relay where these may not be read. None
// of them changes a record. relay/command calls it.
package reading

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/report"
	"sidehook/relay/command/source"
	"sidehook/relay/command/usage"
)

// commands are the commands of one run.
type commands struct{ *cli.Program }

// EventsCommand returns events.
func EventsCommand(p *cli.Program) *cobra.Command { return commands{p}.eventsCommand() }

// HistoryCommand returns history, with what is below it.
func HistoryCommand(p *cli.Program) *cobra.Command { return commands{p}.historyCommand() }

// ShowCommand returns show.
func ShowCommand(p *cli.Program) *cobra.Command { return commands{p}.showCommand() }

type historyFlags struct {
	usage.Filter
	webhooks   []string // none: all
	status     string
	code       string
	unresolved bool
	limit      int
	follow     bool
	json       bool
}

func (c commands) historyCommand() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history [WEBHOOK]",
		Short: "List the attempts to deliver events",
		Args:  func(_ *cobra.Command, args []string) error { return usage.AtMostOne("WEBHOOK", args) },
		Long: "Lists the newest attempts to deliver events, one per line and the newest last,\n" +
			"for one webhook, for several or for all. --unresolved lists instead the\n" +
			"deliveries that ended without having arrived and have not arrived since. It\n" +
			"reads the files, so the relay need not run. Where the files may not be read, it\n" +
			"asks the relay.",
		Example: "  sidehook history app-lifecycle -f\n" +
			"  sidehook history --unresolved --since 7d --limit 100\n" +
			"  sidehook history --code 5xx --type 'order.*' --since '2026-11-30 01:30'",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.webhooks = append(args, f.webhooks...)
			if f.limit < 0 {
				return usage.Errorf(usage.LimitRange, f.limit)
			}
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return c.history(cmd.Context(), f, q)
		},
	}
	cmd.Flags().StringArrayVar(&f.webhooks, "webhook", nil, "only attempts at deliveries to the webhook `NAME`; repeat it")
	usage.LimitFlag(cmd, &f.limit, "attempts")
	cmd.Flags().StringVar(&f.status, "status", "", "only attempts with this `STATUS`, or several with commas: "+usage.OneOf(history.Statuses()...))
	cmd.Flags().StringVar(&f.code, "code", "", "only attempts that were answered with this HTTP `CODE`, such as 503 or 5xx")
	cmd.Flags().BoolVar(&f.unresolved, "unresolved", false, "only deliveries that ended without having arrived, and have not arrived since")
	f.Add(cmd, "attempts", "made")
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "keep printing new attempts")
	usage.JSONFlag(cmd, &f.json)
	cmd.AddCommand(c.statsCommand(), c.checkCommand())
	return cmd
}

// query returns what the flags ask of the history, but for the webhooks.
func (f *historyFlags) query(now time.Time) (q api.DeliveriesQuery, err error) {
	q = api.DeliveriesQuery{Type: f.Type, Code: f.code, Unresolved: f.unresolved}
	if f.follow && f.Until != "" {
		return q, usage.Together("--until", "--follow")
	}
	if f.follow && f.unresolved {
		return q, usage.Together("--unresolved", "--follow")
	}
	if f.code != "" {
		if _, err := query.ParseCodes(f.code); err != nil {
			return q, usage.Errorf("--code %s", err)
		}
	}
	if q.Since, q.Until, err = f.Times(now); err != nil {
		return q, err
	}
	q.Statuses, err = usage.ParseStatuses(f.status, history.Statuses())
	return q, err
}

func (c commands) history(ctx context.Context, f historyFlags, q api.DeliveriesQuery) error {
	file, err := c.Load(config.Tools)
	if err != nil {
		return err
	}
	c.SayUnknownType(f.Type)
	s, err := c.Source(ctx, file)
	if f.follow && errors.Is(err, history.ErrNoHistory) {
		return c.followNewHistory(ctx, file.History.Dir, f, q)
	}
	if err != nil {
		return err
	}
	defer s.Close()
	if f.follow {
		for _, name := range f.webhooks {
			if err := c.mustKnow(ctx, s, name); err != nil {
				return err
			}
		}
	}
	lines, err := source.NewestAttempts(ctx, s, q, f.webhooks, f.limit)
	if err != nil {
		return err
	}
	p := report.NewAttempts(c.Out, c.Next, f.options())
	p.List(lines)
	switch {
	case f.follow:
		return f.followOn(ctx, s, p, q)
	case len(lines) == 0 && f.limit > 0:
		return c.explainNothing(ctx, s, &f, &q)
	}
	p.PrintNext(func(a *report.Attempt) bool { return hasArrived(ctx, s, a) })
	return nil
}

// options returns how the attempts are printed.
func (f *historyFlags) options() report.Options {
	return report.Options{Webhooks: f.webhooks, Follow: f.follow, JSON: f.json}
}

// followOn prints the attempts after those that were listed as they come, until they
// cannot be printed any more.
func (f *historyFlags) followOn(ctx context.Context, s source.Source, p *report.Attempts, q api.DeliveriesQuery) error {
	if len(f.webhooks) == 1 {
		q.Webhook = f.webhooks[0]
	}
	if f.limit > 0 {
		q.Limit = source.PageMost // what came since the list was read is among them
	}
	return s.Follow(ctx, q, p.More)
}

// followNewHistory waits until there is a history, and follows it from its first
// attempt.
func (c commands) followNewHistory(ctx context.Context, dir string, f historyFlags, q api.DeliveriesQuery) error {
	p := report.NewAttempts(c.Out, c.Next, f.options())
	p.List(nil)
	if c.Out.Broken() {
		return usage.ExitCode(1)
	}
	s, err := source.Await(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	return f.followOn(ctx, s, p, q)
}

// hasArrived reports whether the delivery of an attempt has arrived by now.
func hasArrived(ctx context.Context, s source.Source, a *report.Attempt) bool {
	page, err := s.Deliveries(ctx, api.DeliveriesQuery{Event: a.Event, Webhook: a.Webhook, Limit: 1})
	if err != nil || len(page.Deliveries) == 0 {
		return false
	}
	last, err := report.ParseAttempt(page.Deliveries[0])
	return err == nil && last.Status == string(history.Delivered)
}
