package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history/event"
	"sidehook/history/query"
	"sidehook/relay/api"
)

func (c *cli) showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show EVENT-ID",
		Short: "Show all that is known of an event",
		Long: "Shows an event, why each webhook got it, and every attempt to deliver it with its\n" +
			"request's headers and what the receiver answered. EVENT-ID is the event's id, the\n" +
			"id it was sent under, or seq:N. Of several events with the id it shows the newest.\n" +
			"The relay need not run, but it alone knows why a webhook did not get the event.",
		Example: "  sidehook show e65c1481-e8a-4be-a5ca-27dfcde077d7",
		Args:    oneArgument("EVENT-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.show(cmd.Context(), args[0], asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (c *cli) show(ctx context.Context, id string, asJSON bool) error {
	s, err := c.tell(ctx, id)
	if err != nil && !asJSON {
		return c.leftovers(id, err)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return c.json(s)
	}
	if err := c.printStory(&s); err != nil {
		return fmt.Errorf("show %q: %w", id, err)
	}
	return nil
}

// leftovers prints the attempts of an event that itself is not to be had, if there
// are any, and says so.
func (c *cli) leftovers(id string, missing error) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return missing
	}
	reading, err := query.Open(file.History.Dir)
	if err != nil {
		return missing
	}
	defer reading.Close()
	lines, err := newestAttempts(reading, query.Query{Event: id}, 20)
	if err != nil || len(lines) == 0 {
		return missing
	}
	if err := newAttemptPrinter(c, listing{}).list(lines); err != nil {
		return missing
	}
	return fmt.Errorf("%w; its attempts alone are left, as its record is damaged or removed: %s", missing, c.hint("history", "check"))
}

func (c *cli) printStory(s *story) error {
	e, err := event.Parse(s.Event, s.Filled)
	if err != nil {
		return err
	}
	attempts, resends, err := s.deliveries()
	if err != nil {
		return err
	}
	p := &storyPrinter{screen: c.out, story: s, event: &e, attempts: attempts, resends: resends}
	p.head()
	for _, name := range s.receivers(attempts, resends) {
		p.webhook(name)
	}
	p.others()
	return nil
}

// storyPrinter prints a story for people.
type storyPrinter struct {
	*screen
	story    *story
	event    *event.Event
	attempts []record
	resends  []api.Resend
}

// field prints a name and what it is.
func (p *storyPrinter) field(indent int, name, value string) {
	p.line(strings.Repeat(" ", indent), p.paint(faint, fmt.Sprintf("%-11s", name)), clean(value))
}

func (p *storyPrinter) head() {
	s := p.story
	p.line(p.paint(bold, clean(p.event.ID)))
	p.field(2, "type", p.event.Type)
	p.field(2, "source", p.event.Source)
	p.field(2, "accepted", fmt.Sprintf("%s, seq %d, generation %d", local(s.At, inFull), s.Seq, s.Generation))
	to := "no webhook"
	switch {
	case len(s.To) > 0:
		to = strings.Join(s.To, ", ")
	case s.Test != "":
		to = s.Test + " alone, as a test"
	}
	p.field(2, "for", to)
	if len(s.Filled) > 0 {
		p.field(2, "filled in", strings.Join(s.Filled, ", "))
	}
	p.line()
	p.block(2, pretty(s.Event))
}

// block prints a text of several lines.
func (p *storyPrinter) block(indent int, text string) {
	for _, line := range cleanLines(text) {
		p.line(strings.Repeat(" ", indent), line)
	}
}

// pretty is JSON a member a line; the values stand as they were given.
func pretty(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// webhook prints what went to one webhook, and why.
func (p *storyPrinter) webhook(name string) {
	p.line()
	p.line(p.paint(bold, clean(name)))
	i := slices.IndexFunc(p.story.Webhooks, func(d api.Decision) bool { return d.Webhook == name })
	if why := p.why(name, i); why != "" {
		p.field(2, "why", why)
	}
	seen := map[uint64]bool{} // the event and its resends, by seq
	for i := range p.attempts {
		r := &p.attempts[i]
		if r.Webhook == name {
			p.announce(r, seen)
			p.attempt(r)
		}
	}
	if slices.Contains(p.story.To, name) && len(seen) == 0 {
		p.field(2, "waiting", "for its first attempt")
	}
	if name == p.story.Test && !seen[p.story.Seq] {
		p.field(2, "attempt", "not in the history: it is under way, or sidehook was killed; it is not made again")
	}
	for _, r := range p.resends {
		switch {
		case !slices.Contains(r.To, name) || seen[r.Seq]:
		case r.Was != "":
			p.field(2, "waiting", "for its first attempt since it was renamed from "+r.Was+" at "+local(r.At, inFull))
		default:
			p.field(2, "waiting", "for the first attempt of its resend of "+local(r.At, inFull))
		}
	}
	if w, ok := p.story.standing[name]; ok && w.State != "active" {
		p.field(2, "now", w.where())
	}
}

// why is the reason that a webhook got the event; decided is the place of the
// relay's decision, -1 if there is none.
func (p *storyPrinter) why(name string, decided int) string {
	if !slices.Contains(p.story.To, name) {
		if decided >= 0 && p.story.Webhooks[decided].Wanted && !p.story.Webhooks[decided].Now {
			return p.story.Webhooks[decided].Why
		}
		return "it was resent to it"
	}
	why := fmt.Sprintf("its events matched as of generation %d", p.story.Generation)
	if decided < 0 {
		return why
	}
	d := &p.story.Webhooks[decided]
	if d.Glob != "" {
		why = fmt.Sprintf("%s matches %s", d.Glob, p.event.Type)
	}
	switch {
	case d.Why != "":
		why += "; " + d.Why
	case d.When != "":
		why += ", and " + d.When
	}
	return why
}

// announce prints that a resend begins.
func (p *storyPrinter) announce(r *record, seen map[uint64]bool) {
	if seen[r.Seq] {
		return
	}
	seen[r.Seq] = true
	for _, again := range p.resends {
		if again.Seq != r.Seq {
			continue
		}
		p.line()
		if again.Was != "" {
			p.field(2, "renamed", fmt.Sprintf("%s from %s, seq %d", local(again.At, inFull), again.Was, again.Seq))
		} else {
			p.field(2, "resent", fmt.Sprintf("%s by %s, seq %d", local(again.At, inFull), again.By, again.Seq))
		}
	}
}

// others prints why webhooks did not get the event.
func (p *storyPrinter) others() {
	if p.story.offline {
		return
	}
	titled := false
	for _, d := range p.story.Webhooks {
		if d.Wanted && !d.Now || slices.Contains(p.story.To, d.Webhook) {
			continue
		}
		if !titled {
			p.line()
			p.line(p.paint(bold, "not for"), p.paint(faint, ", as the file in force decides now"))
			titled = true
		}
		p.line("  ", clean(d.Webhook+": "+d.Why))
	}
}

// when says when the next attempt comes, and why then; or was to come, if something
// else came first.
func (p *storyPrinter) when(r *record) string {
	text := local(r.Next, inFull)
	over := slices.ContainsFunc(p.attempts, func(x record) bool { return x.Seq == r.Seq && x.Webhook == r.Webhook && x.N > r.N })
	if wait := time.Until(r.Next); wait > 0 && !over {
		text += ", in " + span(wait)
	}
	switch {
	case r.ThrottledUntil.Equal(r.Next) && !r.Next.IsZero():
		return text + ": the receiver throttles, and is left alone until then"
	case r.Again:
		return text + ": attempt " + fmt.Sprint(r.Number) + " is made again"
	case r.NoStep:
		return text + ": attempt " + fmt.Sprint(r.Number) + " used up no wait of the schedule"
	}
	return fmt.Sprintf("%s: the schedule's wait after attempt %d, ±10 %%", text, r.Number)
}
