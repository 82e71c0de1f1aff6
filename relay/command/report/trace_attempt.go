package report

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// PrintTest prints the attempt of a test.
func PrintTest(to *terminal.Screen, a *Attempt) {
	p := &tracePrinter{Screen: to}
	p.Line(p.Paint(terminal.Bold, terminal.Clean(a.Webhook)))
	p.field(2, "event", a.Event+" (test)")
	p.attempt(a)
}

// attempt prints one attempt.
func (p *tracePrinter) attempt(a *Attempt) {
	p.Line()
	title := fmt.Sprintf("attempt %d", a.Number)
	if a.Number == 0 {
		title = "no attempt" // it ended while it waited for the first
	}
	parts := []string{
		"  ", p.Paint(terminal.Bold, title), "  ", terminal.Local(a.At, terminal.FullTime),
		"  ", p.Paint(StatusStyle(a.Status), terminal.Clean(a.Status)),
	}
	if a.Code != 0 {
		parts = append(parts, "  ", a.code())
	}
	if a.Took > 0 {
		parts = append(parts, "  ", p.Paint(terminal.Faint, "took "+a.took()))
	}
	p.Line(parts...)
	for _, f := range []struct{ name, value string }{
		{"to", a.Request.URL}, {"remote", a.Remote}, {"times", a.timing()}, {"error", a.Error},
	} {
		if f.name == "to" && f.value != "" {
			f.value = "POST " + f.value
		}
		if f.value != "" {
			p.field(4, f.name, f.value)
		}
	}
	if a.Status == "retrying" && !a.Next.IsZero() {
		p.field(4, "next", p.next(a))
	}
	if a.Took > 0 {
		p.headers("request", a.Request.Headers)
	}
	if a.Response != nil {
		p.headers("response", a.Response.Headers)
		p.payload(a.Response)
	}
}

// next returns when the next attempt comes, or was due if something else came
// first, and why then.
func (p *tracePrinter) next(a *Attempt) string {
	text := terminal.Local(a.Next, terminal.ZonedTime) // to the second, as history has it
	over := slices.ContainsFunc(p.attempts, func(x Attempt) bool { return x.Seq == a.Seq && x.Webhook == a.Webhook && x.N > a.N })
	if wait := time.Until(a.Next); wait > 0 && !over {
		text += ", in " + measure.Span(wait)
	}
	switch {
	case a.ThrottledUntil.Equal(a.Next) && !a.Next.IsZero():
		return text + ": throttled, the receiver asked to wait until then"
	case a.Again:
		return fmt.Sprintf("%s: attempt %d is repeated", text, a.Number)
	case a.NoStep:
		return fmt.Sprintf("%s: attempt %d does not count in the retry schedule", text, a.Number)
	}
	return fmt.Sprintf("%s: retry schedule, wait %d (±10 %%)", text, a.Number)
}

func (p *tracePrinter) headers(title string, list api.Headers) {
	p.Line("    ", p.Paint(terminal.Faint, title))
	for _, h := range list {
		p.Line("      ", terminal.Clean(h.Name), ": ", terminal.Clean(h.Value))
	}
}

// payload prints the body of a response.
func (p *tracePrinter) payload(r *api.Response) {
	text := r.Body
	if len(r.BodyBase64) > 0 {
		text = fmt.Sprintf("(not UTF-8, %s, as base64)\n%s", measure.Size(int64(len(r.BodyBase64))), base64.StdEncoding.EncodeToString(r.BodyBase64))
	}
	if text != "" {
		p.Line()
		p.block(6, text)
	}
	if r.Truncated {
		p.Line("      ", p.Paint(terminal.Faint, "(truncated: history.response_body is the limit)"))
	}
}
