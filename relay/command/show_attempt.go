package command

import (
	"encoding/base64"
	"fmt"
	"strings"

	"sidehook/relay/api"
)

// attempt prints one attempt.
func (p *storyPrinter) attempt(r *record) {
	p.line()
	head := fmt.Sprintf("attempt %d", r.Number)
	if r.Number == 0 {
		head = "no attempt" // it ended while it waited for its first
	}
	parts := []string{
		"  ", p.paint(bold, head), "  ", local(r.At, inFull),
		"  ", p.paint(statusStyle(r.Status), clean(r.Status)),
	}
	if r.Code != 0 {
		parts = append(parts, "  ", r.code())
	}
	if r.Took > 0 {
		parts = append(parts, "  ", p.paint(faint, "took "+millis(r.Took)))
	}
	p.line(parts...)
	if r.Request.URL != "" {
		p.field(4, "to", "POST "+r.Request.URL)
	}
	if r.Remote != "" {
		p.field(4, "remote", r.Remote)
	}
	if times := r.times(); times != "" {
		p.field(4, "times", times)
	}
	if r.Error != "" {
		p.field(4, "error", r.Error)
	}
	if r.Status == "retrying" && !r.Next.IsZero() {
		p.field(4, "next", p.when(r))
	}
	if r.Took > 0 {
		p.headers("request", r.Request.Headers)
	}
	if r.Response != nil {
		p.headers("response", r.Response.Headers)
		p.payload(r.Response)
	}
}

// times reads how long the parts of an attempt took.
func (r *record) times() string {
	var parts []string
	add := func(name string, ms float64) {
		if ms > 0 {
			parts = append(parts, name+" "+millis(ms))
		}
	}
	add("dns", r.Timing.DNS)
	add("connect", r.Timing.Connect)
	add("tls", r.Timing.TLS)
	if len(parts) == 0 && r.Timing.FirstByte > 0 {
		parts = append(parts, "kept-alive connection")
	}
	add("first byte", r.Timing.FirstByte)
	return strings.Join(parts, ", ")
}

func (p *storyPrinter) headers(title string, list api.Headers) {
	p.line("    ", p.paint(faint, title))
	for _, h := range list {
		p.line("      ", clean(h.Name), ": ", clean(h.Value))
	}
}

// payload prints the body of a response.
func (p *storyPrinter) payload(r *api.Response) {
	text := r.Body
	if len(r.BodyBase64) > 0 {
		text = fmt.Sprintf("(not UTF-8, %s, as base64)\n%s", size(int64(len(r.BodyBase64))), base64.StdEncoding.EncodeToString(r.BodyBase64))
	}
	if text != "" {
		p.line()
		p.block(6, text)
	}
	if r.Truncated {
		p.line("      ", p.paint(faint, "(there was more than the history keeps)"))
	}
}
