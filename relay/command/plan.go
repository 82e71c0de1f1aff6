package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

func (c *cli) planCommand() *cobra.Command {
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

func (c *cli) plan(ctx context.Context, path string, since time.Time, asJSON bool) error {
	before, err := c.load(config.Check)
	if err != nil {
		return err
	}
	after, err := config.Load(path, config.Check)
	var problems config.Problems
	if errors.As(err, &problems) {
		c.printProblems(problems)
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	if refused := after.Refused(); len(refused) > 0 {
		for _, in := range refused {
			c.printProblems(in.Problems)
		}
		return exitCode(1)
	}
	plan, err := relay.Plan(before, after, func(visit func(*event.Event)) error {
		return eventsSince(before.History.Dir, since, visit)
	})
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	plan.Waiting = c.waiting(ctx, before.Listen)
	if asJSON {
		return c.printJSON(plan)
	}
	c.printProblems(after.Warnings)
	c.printPlan(plan, before.Path, path, since)
	return nil
}

// eventsSince visits the events accepted since a time, the newest first. Without a
// history there are none.
func eventsSince(dir string, since time.Time, visit func(*event.Event)) error {
	reader, err := openHistory(dir)
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
func (c *cli) waiting(ctx context.Context, in config.Listen) map[string]int {
	client, err := connect(ctx, in)
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

// printPlan prints a plan for people.
func (c *cli) printPlan(p *api.Plan, before, after string, since time.Time) {
	what := func(sign string, style terminal.Style, name, says string) {
		if says != "" {
			says = ": " + says
		}
		c.out.Line(c.out.Paint(style, sign+" "+terminal.Clean(name)), terminal.Clean(says))
	}
	for _, name := range p.Added {
		what("+", terminal.Green, name, "added; it gets the events accepted from then on")
	}
	for _, r := range p.Renamed {
		what("~", terminal.Yellow, r.To, c.withWaiting(p, r.From, "renamed from "+r.From, "go to the new name"))
	}
	for _, ch := range p.Changed {
		what("~", terminal.Yellow, ch.Webhook, c.withWaiting(p, ch.Webhook, "changes "+strings.Join(ch.Keys, ", "), "go by the new settings"))
	}
	for _, name := range p.Removed {
		what("-", terminal.Red, name, c.withWaiting(p, name, "removed", "are kept for 24h, and canceled unless it comes back"))
	}
	if len(p.Added)+len(p.Renamed)+len(p.Changed)+len(p.Removed) == 0 {
		c.out.Linef("no webhook changes between %s and %s", before, after)
	}
	for _, key := range p.Restart {
		what("!", terminal.Yellow, key, "changes at the next start only")
	}
	if p.Waiting == nil && len(p.Removed)+len(p.Renamed)+len(p.Changed) > 0 {
		c.out.Linef("what waits is not known, as no relay answers")
	}
	c.out.Line()
	c.out.Linef("tried on %s accepted since %s", terminal.Count(p.Events, "event"), terminal.Local(since, terminal.FullTime))
	if len(p.Counts) > 0 {
		t := terminal.Table{To: c.out}
		t.Add(terminal.Heads("WEBHOOK", "BEFORE", "AFTER")...)
		for _, n := range p.Counts {
			t.Add(terminal.Normal.Cell(n.Webhook), terminal.Normal.Cell(fmt.Sprint(n.Before)), terminal.Normal.Cell(fmt.Sprint(n.After)))
		}
		t.Print()
	} else if p.Events > 0 {
		c.out.Linef("each webhook would have got the same events")
	}
	if p.Unmatched.Before != p.Unmatched.After {
		c.out.Linef("wanted by no webhook: %d before, %d after", p.Unmatched.Before, p.Unmatched.After)
	}
	for _, f := range p.Failures {
		what("!", terminal.Red, f.Webhook+"."+f.Key, fmt.Sprintf("fails for %s, first for %s: %s", terminal.Count(f.Events, "event"), f.Event, f.Reason))
	}
}

// withWaiting adds what becomes of the deliveries that wait for a webhook, if any do.
func (c *cli) withWaiting(p *api.Plan, name, says, fate string) string {
	if n := p.Waiting[name]; n > 0 {
		return fmt.Sprintf("%s; %s %s", says, terminal.Count(n, "waiting delivery"), fate)
	}
	return says
}
