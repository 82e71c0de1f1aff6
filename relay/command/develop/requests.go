package develop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sidehook/relay/command/terminal"
	"sidehook/relay/receiver"
)

// requestPrinter prints requests, one after the other.
type requestPrinter struct {
	out, err       *terminal.Screen
	json, verifies bool

	mu    sync.Mutex
	begun bool
	ended bool
}

// end returns once nothing is printed any more: the server does not wait for the
// requests that it cuts off.
func (p *requestPrinter) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// listened is what --json prints of a request.
type listened struct {
	At       time.Time         `json:"at"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body,omitempty"`
	Base64   []byte            `json:"body_base64,omitempty"` // of a body that is not UTF-8
	Verified *signatureResult  `json:"signature,omitempty"`
	Answer   string            `json:"answer"`
}

func (p *requestPrinter) print(r receiver.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	if p.json {
		p.printJSON(r)
		return
	}
	out := p.out
	if !p.begun {
		p.begun = true
		out.Line(out.Paint(terminal.Faint, "TIME "+r.At.Format("-07:00")))
	}
	parts := []string{r.At.Format("15:04:05.000"), "  ", terminal.Clean(r.Method + " " + r.Path)}
	if r.Attempt > 0 {
		parts = append(parts, fmt.Sprintf("  attempt %d", r.Attempt))
	}
	switch {
	case r.Problem != nil:
		parts = append(parts, "  ", out.Paint(terminal.Red, "not verified"))
	case p.verifies:
		parts = append(parts, "  ", out.Paint(terminal.Green, "verified"))
	}
	parts = append(parts, "  answer ", terminal.Clean(r.Answer))
	out.Line(parts...)
	if r.Problem != nil {
		out.Linef("    %s", r.Problem)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			out.Line("    ", out.Paint(terminal.Faint, terminal.Clean(name+": ")), terminal.Clean(value))
		}
	}
	p.printBody(r.Body)
	out.Line()
}

// printBody prints JSON indented, other text as it is, and of anything else its size.
func (p *requestPrinter) printBody(body []byte) {
	var pretty bytes.Buffer
	text := string(body)
	if json.Indent(&pretty, body, "", "  ") == nil {
		text = pretty.String()
	}
	if !utf8.ValidString(text) {
		p.out.Linef("    (%d bytes that are not text)", len(body))
		return
	}
	if len(text) == 0 {
		p.out.Linef("    (no body)")
		return
	}
	for _, line := range terminal.CleanLines(text) {
		p.out.Line("    ", line)
	}
}

func (p *requestPrinter) printJSON(r receiver.Request) {
	line := listened{At: r.At.UTC(), Method: r.Method, Path: r.Path, Headers: map[string]string{}, Answer: r.Answer}
	for name, values := range r.Header {
		line.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if utf8.Valid(r.Body) {
		line.Body = string(r.Body)
	} else {
		line.Base64 = r.Body
	}
	if p.verifies {
		line.Verified = signatureResultOf(r.Problem)
	}
	if err := p.out.JSON(line); err != nil {
		p.err.Errorf("sidehook: %s", err)
	}
}
