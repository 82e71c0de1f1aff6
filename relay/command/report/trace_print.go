package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// tracePrinter prints a trace for people.
type tracePrinter struct {
	*terminal.Screen
	trace    *Trace
	all      bool // also the webhooks that no glob of theirs matches
	event    *event.Event
	attempts []Attempt
	resends  []api.Resend
}

// field prints a name and its value.
func (p *tracePrinter) field(indent int, name, value string) {
	p.Line(strings.Repeat(" ", indent), p.Paint(terminal.Faint, fmt.Sprintf("%-11s", name)), terminal.Clean(value))
}

// block prints a text of several lines.
func (p *tracePrinter) block(indent int, text string) {
	for _, line := range terminal.CleanLines(text) {
		p.Line(strings.Repeat(" ", indent), line)
	}
}

func (p *tracePrinter) printEvent() {
	t := p.trace
	p.Line(p.Paint(terminal.Bold, terminal.Clean(p.event.ID)))
	p.field(2, "type", p.event.Type)
	p.field(2, "source", p.event.Source)
	p.field(2, "accepted", fmt.Sprintf("%s, seq %d, generation %d", terminal.Local(t.At, terminal.FullTime), t.Seq, t.Generation))
	to := "no webhook"
	switch {
	case len(t.To) > 0:
		to = strings.Join(t.To, ", ")
	case t.Test != "":
		to = t.Test + " (test)"
	}
	p.field(2, "for", to)
	if len(t.Filled) > 0 {
		p.field(2, "added", strings.Join(t.Filled, ", ")+" (by sidehook)")
	}
	p.Line()
	p.block(2, indented(t.Event))
}

// indented returns JSON with one member per line. The values keep their text.
func indented(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// printWebhook prints why a webhook got the event, its attempts and its state.
func (p *tracePrinter) printWebhook(name string) {
	p.Line()
	p.Line(p.Paint(terminal.Bold, terminal.Clean(name)))
	if why := p.trace.Reason(name, p.event.Type); why != "" {
		p.field(2, "why", why)
	}
	seen := map[history.Seq]bool{} // the event and its resends, by seq
	for i := range p.attempts {
		if a := &p.attempts[i]; a.Webhook == name {
			if !seen[a.Seq] {
				seen[a.Seq] = true
				p.printResend(a.Seq)
			}
			p.attempt(a)
		}
	}
	if slices.Contains(p.trace.To, name) && len(seen) == 0 {
		p.field(2, "waiting", "for its first attempt")
	}
	if name == p.trace.Test && !seen[p.trace.Seq] {
		p.field(2, "attempt", "not recorded: it is in flight, or sidehook was killed; a test is not retried")
	}
	for _, r := range p.resends {
		switch {
		case !slices.Contains(r.To, name) || seen[r.Seq]:
		case r.Was != "":
			p.field(2, "waiting", "for its first attempt since it was renamed from "+r.Was+" at "+terminal.Local(r.At, terminal.FullTime))
		default:
			p.field(2, "waiting", "for the first attempt of its resend of "+terminal.Local(r.At, terminal.FullTime))
		}
	}
	if w, ok := p.trace.Waiting[name]; ok && w.State != "active" {
		if len(seen) > 0 {
			p.Line()
		}
		p.field(2, "state", w.Summary())
	}
}

// printResend prints what the attempts after it belong to, if that is a resend.
func (p *tracePrinter) printResend(seq history.Seq) {
	for _, r := range p.resends {
		if r.Seq != seq {
			continue
		}
		p.Line()
		if r.Was != "" {
			p.field(2, "renamed", fmt.Sprintf("%s from %s, seq %d", terminal.Local(r.At, terminal.FullTime), r.Was, r.Seq))
		} else {
			p.field(2, "resent", fmt.Sprintf("%s by %s, seq %d", terminal.Local(r.At, terminal.FullTime), r.By, r.Seq))
		}
	}
}

// printOthers prints why other webhooks did not get the event. Those that no glob of
// theirs matches are counted, unless all are asked for.
func (p *tracePrinter) printOthers() {
	if p.trace.Offline {
		return
	}
	var lines []string
	unmatched := 0
	for _, d := range p.trace.Webhooks {
		switch {
		case d.Wanted && !d.Now || slices.Contains(p.trace.To, d.Webhook):
		case d.Glob == "" && !p.all:
			unmatched++
		default:
			lines = append(lines, d.Webhook+": "+d.Why)
		}
	}
	if unmatched > 0 {
		lines = append(lines, fmt.Sprintf("%s whose events do not match %s (--all lists them)", measure.Count(unmatched, "webhook"), p.event.Type))
	}
	if len(lines) == 0 {
		return
	}
	p.Line()
	p.Line(p.Paint(terminal.Bold, "not sent to"), p.Paint(terminal.Faint, " (by the current configuration)"))
	for _, line := range lines {
		p.Line("  ", terminal.Clean(line))
	}
}
