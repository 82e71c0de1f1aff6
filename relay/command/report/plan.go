package report

import (
	"fmt"
	"strings"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// PrintPlan prints a plan for people.
func PrintPlan(to *terminal.Screen, p *api.Plan, before, after string, since time.Time) {
	what := func(sign string, style terminal.Style, name, says string) {
		if says != "" {
			says = ": " + says
		}
		to.Line(to.Paint(style, sign+" "+terminal.Clean(name)), terminal.Clean(says))
	}
	for _, name := range p.Added {
		what("+", terminal.Green, name, "added; it gets the events accepted from then on")
	}
	for _, r := range p.Renamed {
		what("~", terminal.Yellow, r.To, withWaiting(p, r.From, "renamed from "+r.From, "go to the new name"))
	}
	for _, ch := range p.Changed {
		what("~", terminal.Yellow, ch.Webhook, withWaiting(p, ch.Webhook, "changes "+strings.Join(ch.Keys, ", "), "go by the new settings"))
	}
	for _, name := range p.Removed {
		what("-", terminal.Red, name, withWaiting(p, name, "removed", "are kept for 24h, and canceled unless it comes back"))
	}
	if len(p.Added)+len(p.Renamed)+len(p.Changed)+len(p.Removed) == 0 {
		to.Linef("no webhook changes between %s and %s", before, after)
	}
	for _, key := range p.Restart {
		what("!", terminal.Yellow, key, "changes at the next start only")
	}
	if p.Waiting == nil && len(p.Removed)+len(p.Renamed)+len(p.Changed) > 0 {
		to.Linef("what waits is not known, as no relay answers")
	}
	to.Line()
	to.Linef("tried on %s accepted since %s", measure.Count(p.Events, "event"), terminal.Local(since, terminal.FullTime))
	if len(p.Counts) > 0 {
		t := terminal.Table{To: to}
		t.Add(terminal.Heads("WEBHOOK", "BEFORE", "AFTER")...)
		for _, n := range p.Counts {
			t.Add(terminal.Normal.Cell(n.Webhook), terminal.Normal.Cell(fmt.Sprint(n.Before)), terminal.Normal.Cell(fmt.Sprint(n.After)))
		}
		t.Print()
	} else if p.Events > 0 {
		to.Linef("each webhook would have got the same events")
	}
	if p.Unmatched.Before != p.Unmatched.After {
		to.Linef("wanted by no webhook: %d before, %d after", p.Unmatched.Before, p.Unmatched.After)
	}
	for _, f := range p.Failures {
		what("!", terminal.Red, f.Webhook+"."+f.Key, fmt.Sprintf("fails for %s, first for %s: %s", measure.Count(f.Events, "event"), f.Event, f.Reason))
	}
}

// withWaiting adds what becomes of the deliveries that wait for a webhook, if any do.
func withWaiting(p *api.Plan, name, says, fate string) string {
	if n := p.Waiting[name]; n > 0 {
		return fmt.Sprintf("%s; %s %s", says, measure.Count(n, "waiting delivery"), fate)
	}
	return says
}
