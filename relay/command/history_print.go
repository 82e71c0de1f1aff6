package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/source"
	"sidehook/relay/command/terminal"
)

// attemptPrinter prints attempts: a table of those known at the start, then more
// rows as they come.
type attemptPrinter struct {
	*cli
	flags historyFlags
	table terminal.Table
	now   time.Time // ages count up to it
	rows  []attempt // that were listed
	last  history.LineNo
}

func newAttemptPrinter(c *cli, f historyFlags) *attemptPrinter {
	now := time.Now()
	return &attemptPrinter{cli: c, flags: f, now: now, table: terminal.Table{
		To: c.out, Wide: []string{timeHead(now), "EVENT", "STATUS"}, // people copy ids
		Optional: []string{"TOOK", "TRY", "CODE", "TYPE", "AGE"}, MinLast: 16,
	}}
}

// list prints a table of attempts.
func (p *attemptPrinter) list(lines []json.RawMessage) {
	if !p.flags.json && (len(lines) > 0 || p.flags.follow) {
		p.table.Add(p.columns(terminal.Heads(timeHead(p.now), "AGE", "WEBHOOK", "EVENT", "TYPE", "TRY", "STATUS", "CODE", "TOOK", "ERROR"))...)
	}
	if p.flags.follow && p.out.Terminal && len(lines) == 0 {
		p.table.Fit(p.typical()...)
	}
	for _, line := range lines {
		if a, err := parseAttempt(line); err == nil { // else a later version wrote it: its checksum is right
			p.rows, p.last = append(p.rows, a), a.N
			p.print(&a, line, p.table.Add)
		}
	}
	p.table.Print()
}

func timeHead(now time.Time) string { return terminal.TimeHead("TIME", now) }

// narrow is the width of a terminal without room for both a time and an age.
const narrow = 100

// typical returns a row of usual widths, for a table without attempts yet.
func (p *attemptPrinter) typical() []terminal.Cell {
	var cells []terminal.Cell
	for _, width := range []int{len(p.timeLayout()), 0, 16, len(uuid.Nil.String()), 20, 1, len(history.Delivered), 3, 6, 20} {
		cells = append(cells, terminal.Normal.Cell(strings.Repeat("x", width)))
	}
	return p.columns(cells)
}

// timeLayout leaves out the day of followed attempts on a narrow terminal.
func (p *attemptPrinter) timeLayout() string {
	if p.flags.follow && p.out.Width > 0 && p.out.Width < narrow {
		return time.TimeOnly
	}
	return terminal.TableTime
}

// columns removes cells from a row: the webhook if there is only one, the age
// where it would grow old on the page, and the time on a narrow terminal.
func (p *attemptPrinter) columns(cells []terminal.Cell) []terminal.Cell {
	if len(p.flags.webhooks) == 1 {
		cells = slices.Delete(cells, 2, 3)
	}
	switch {
	case !p.out.Terminal, p.flags.follow:
		return slices.Delete(cells, 1, 2)
	case p.out.Width > 0 && p.out.Width < narrow:
		return slices.Delete(cells, 0, 1)
	}
	return cells
}

// print prints an attempt: as JSON, or as a row that it passes on.
func (p *attemptPrinter) print(a *attempt, line json.RawMessage, row func(...terminal.Cell)) {
	if p.flags.json {
		p.out.Line(string(line))
		return
	}
	event := a.Event
	if p.out.Terminal {
		event = terminal.Cut(event, 40) // longer than a UUID
	}
	text := terminal.Normal.Cell
	row(p.columns([]terminal.Cell{
		text(terminal.InColumn(a.At, p.now, p.timeLayout())), terminal.Faint.Cell(terminal.Span(p.now.Sub(a.At))), terminal.Bold.Cell(a.Webhook), text(event), text(a.Type),
		text(fmt.Sprint(a.Number)), statusStyle(a.Status).Cell(a.Status), text(a.code()), text(a.took()), text(a.note()),
	})...)
}

// follow prints the attempts after those that were listed as they come, until they
// cannot be printed any more.
func (p *attemptPrinter) follow(ctx context.Context, s source.Source, q api.DeliveriesQuery) error {
	if len(p.flags.webhooks) == 1 {
		q.Webhook = p.flags.webhooks[0]
	}
	if p.flags.limit > 0 {
		q.Limit = source.PageMost // what came since the list was read is among them
	}
	err := s.Follow(ctx, q, func(line json.RawMessage) bool {
		a, err := parseAttempt(line)
		if err == nil && a.N > p.last && (len(p.flags.webhooks) < 2 || slices.Contains(p.flags.webhooks, a.Webhook)) {
			p.last = a.N
			p.print(&a, line, p.table.PrintRow)
		}
		return !p.out.Broken()
	})
	return err
}

// printNext prints on a terminal how to continue with the newest delivery that has
// not arrived, preferably one that is given up. It prints nothing if all have.
func (p *attemptPrinter) printNext(arrived func(*attempt) bool) {
	if p.flags.json || !p.out.Terminal {
		return
	}
	var retried *attempt
	for i := range slices.Backward(p.rows) {
		a := &p.rows[i]
		switch {
		case a.Status == string(history.Delivered), a.Test, a.Event == "", arrived(a):
		case a.Status != string(history.Retrying):
			p.printCommands(a)
			return
		case retried == nil:
			retried = a
		}
	}
	if retried != nil {
		p.printCommands(retried)
	}
}

func (p *attemptPrinter) printCommands(a *attempt) {
	id := a.eventArgument()
	p.out.Line(p.out.Paint(terminal.Faint, terminal.Clean("details: "+p.next("show", id)+"   resend: "+p.next("resend", id, "--to", a.Webhook))))
}
