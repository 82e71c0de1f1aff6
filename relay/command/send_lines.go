package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/names"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

// Limits of one request with many events.
const (
	requestLines = 1000
	requestBytes = 1 << 20
)

// sendLines sends the events of --ndjson, many in a request. Each request is accepted
// or refused as a whole. It ends at the first that is refused.
func (c *cli) sendLines(ctx context.Context, f sendFlags) error {
	in := c.stdin
	if path, ok := strings.CutPrefix(f.lines, "@"); ok {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read --ndjson: %w", err)
		}
		defer file.Close()
		in = file
	} else if f.lines != "-" {
		return usage.Invalid("ndjson", f.lines, "@FILE, or - for standard input")
	}
	relay, err := c.relay(ctx)
	if err != nil {
		return err
	}
	s := lineSender{cli: c, relay: relay, flags: f, in: bufio.NewReaderSize(in, requestBytes), outcomes: map[outcome]int{}}
	if err := s.run(ctx); err != nil {
		if s.accepted > 0 && !f.json {
			s.report()
		}
		return err
	}
	if !f.json {
		s.report()
	}
	return nil
}

// lineSender sends lines and counts what is answered.
type lineSender struct {
	*cli
	relay *client.Client
	flags sendFlags
	in    *bufio.Reader
	line  int   // of the input, the last that was read
	lines []int // of the events of the request

	accepted, duplicates, unmatched int
	webhooks                        []string // in the order in which they are met
	matched                         map[string]int
	outcomes                        map[outcome]int
}

type outcome struct {
	webhook string
	status  history.Status
	code    int
}

func (s *lineSender) run(ctx context.Context) error {
	s.matched = map[string]int{}
	for {
		body, err := s.read()
		if err != nil {
			return fmt.Errorf("read --ndjson: %w", err)
		}
		if len(body) == 0 {
			return nil
		}
		answer, text, err := s.relay.SendLines(ctx, body, s.flags.patience())
		if err != nil {
			return s.locate(err)
		}
		if s.flags.json {
			s.out.Write(text)
		}
		for i := range answer.Events {
			s.count(&answer.Events[i])
		}
	}
}

// read reads the events of the next request: those that are there, so that what is
// typed or followed is sent at once.
func (s *lineSender) read() (body []byte, err error) {
	s.lines = nil
	for len(s.lines) == 0 || s.in.Buffered() > 0 && len(s.lines) < requestLines && len(body) < requestBytes {
		line, err := s.in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		s.line++
		if line = bytes.TrimSpace(line); len(line) > 0 {
			s.lines = append(s.lines, s.line)
			body = append(append(body, line...), '\n')
		}
	}
	return body, nil
}

// locate says which lines were not accepted, and because of which one.
func (s *lineSender) locate(err error) error {
	var refused *client.RefusedError
	if errors.As(err, &refused) && refused.Index >= 0 && refused.Index < len(s.lines) {
		return fmt.Errorf("send --ndjson: line %d: %w; lines %d to %d were not accepted", s.lines[refused.Index], err, s.lines[0], s.line)
	}
	return fmt.Errorf("send --ndjson: lines %d to %d: %w", s.lines[0], s.line, err)
}

func (s *lineSender) count(receipt *api.Receipt) {
	s.accepted++
	if receipt.Duplicate {
		s.duplicates++
	}
	if len(receipt.Webhooks) == 0 {
		s.unmatched++
	}
	for _, name := range receipt.Webhooks {
		if !slices.Contains(s.webhooks, name) {
			s.webhooks = append(s.webhooks, name)
		}
		s.matched[name]++
	}
	for _, d := range receipt.Deliveries {
		s.outcomes[outcome{d.Webhook, d.Status, d.Code}]++
	}
}

// report prints how many events were accepted, and for which webhooks.
func (s *lineSender) report() {
	text := terminal.Count(s.accepted, "event") + " accepted"
	if s.duplicates > 0 {
		text += fmt.Sprintf(", %d of them before and not sent again", s.duplicates)
	}
	var to []string
	for _, name := range s.webhooks {
		to = append(to, fmt.Sprintf("%d for %s", s.matched[name], name))
	}
	if s.unmatched > 0 {
		to = append(to, fmt.Sprintf("%d for no webhook", s.unmatched))
	}
	if len(to) > 0 {
		text += ": " + names.And(to)
	}
	s.out.Linef("%s", text)
	for _, name := range s.webhooks {
		var parts []string
		for o, n := range s.outcomes {
			if o.webhook == name {
				parts = append(parts, o.describe(n))
			}
		}
		if slices.Sort(parts); len(parts) > 0 {
			s.out.Linef("  %s: %s", name, strings.Join(parts, ", "))
		}
	}
}

func (o outcome) describe(n int) string {
	if o.code == 0 {
		return fmt.Sprintf("%d %s", n, o.status)
	}
	return fmt.Sprintf("%d %s (%d)", n, o.status, o.code)
}
