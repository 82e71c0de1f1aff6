// Package ndjson sends the events of a stream of lines to the relay, many in a request.
//
// It promises that what is typed or followed is sent at once, and that a refusal names
// the lines that were not accepted, and because of which one.
//
// The command send of relay/command calls it.
package ndjson

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/names"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// Limits of one request with many events.
const (
	requestLines = 1000
	requestBytes = 1 << 20
)

// Relay accepts events.
type Relay interface {
	// SendLines sends events, each a line, which are accepted or refused as a whole. It
	// waits so long for what becomes of them.
	SendLines(ctx context.Context, events []byte, wait time.Duration) (answer api.Receipts, text []byte, err error)
}

// Sender sends lines and counts what is answered.
type Sender struct {
	out   *terminal.Screen
	relay Relay
	JSON  bool          // print what is answered
	Wait  time.Duration // for what becomes of the events
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

// New returns a Sender of the lines of in.
func New(relay Relay, in io.Reader, out *terminal.Screen) *Sender {
	return &Sender{out: out, relay: relay, in: bufio.NewReaderSize(in, requestBytes), outcomes: map[outcome]int{}}
}

// Run sends all, and prints the answers as JSON or what became of the events. It ends at
// the first request that is refused.
func (s *Sender) Run(ctx context.Context) error {
	err := s.send(ctx)
	if !s.JSON && (err == nil || s.accepted > 0) {
		s.report()
	}
	return err
}

func (s *Sender) send(ctx context.Context) error {
	s.matched = map[string]int{}
	for {
		body, err := s.read()
		if err != nil {
			return fmt.Errorf("read --ndjson: %w", err)
		}
		if len(body) == 0 {
			return nil
		}
		answer, text, err := s.relay.SendLines(ctx, body, s.Wait)
		if err != nil {
			return s.locate(err)
		}
		if s.JSON {
			s.out.Write(text)
		}
		for i := range answer.Events {
			s.count(&answer.Events[i])
		}
	}
}

// read reads the events of the next request: those that are there, so that what is
// typed or followed is sent at once.
func (s *Sender) read() (body []byte, err error) {
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
func (s *Sender) locate(err error) error {
	var refused *client.RefusedError
	if errors.As(err, &refused) && refused.Index >= 0 && refused.Index < len(s.lines) {
		return fmt.Errorf("send --ndjson: line %d: %w; lines %d to %d were not accepted", s.lines[refused.Index], err, s.lines[0], s.line)
	}
	return fmt.Errorf("send --ndjson: lines %d to %d: %w", s.lines[0], s.line, err)
}

func (s *Sender) count(receipt *api.Receipt) {
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
func (s *Sender) report() {
	text := measure.Count(s.accepted, "event") + " accepted"
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
