package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/command/terminal"
)

// attemptPrinter prints attempts: a table of those known at the start, then more
// rows as they come.
type attemptPrinter struct {
	*cli
	flags historyFlags
	table terminal.Table
	now   time.Time // ages count up to it
	last  attempt   // the newest that was printed
}

func newAttemptPrinter(c *cli, f historyFlags) *attemptPrinter {
	now := time.Now()
	return &attemptPrinter{cli: c, flags: f, now: now, table: terminal.Table{
		To: c.out, Wide: []string{timeHead(now), "EVENT", "STATUS"}, // people copy ids
		Optional: []string{"TOOK", "TRY", "CODE", "TYPE", "AGE"}, MinLast: 16,
	}}
}

// list prints a table of attempts.
func (p *attemptPrinter) list(lines [][]byte) {
	if !p.flags.json && (len(lines) > 0 || p.flags.follow) {
		p.table.Add(p.columns(terminal.Heads(timeHead(p.now), "AGE", "WEBHOOK", "EVENT", "TYPE", "TRY", "STATUS", "CODE", "TOOK", "ERROR"))...)
	}
	if p.flags.follow && p.out.Terminal && len(lines) == 0 {
		p.table.Fit(p.typical()...)
	}
	for _, line := range lines {
		p.print(line, p.table.Add)
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
	if p.flags.webhook != "" {
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
func (p *attemptPrinter) print(line []byte, row func(...terminal.Cell)) {
	a, err := parseAttempt(line)
	if err != nil {
		return // its checksum is right, so a later version wrote it
	}
	p.last = a
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

// follow prints the attempts after line number newest as they come, until they
// cannot be printed any more.
func (p *attemptPrinter) follow(ctx context.Context, reader *query.Reader, q *query.Query, newest history.LineNo) error {
	f := reader.Follow(newest)
	for !p.out.Broken() {
		o, err := f.Next(ctx)
		if err != nil {
			return err
		}
		if q.Match(&o) {
			p.print(o.JSON(), p.table.PrintRow)
		}
	}
	return nil
}

// printNext prints on a terminal how to continue with the newest attempt.
func (p *attemptPrinter) printNext() {
	if p.flags.json || !p.out.Terminal || p.last.Event == "" {
		return
	}
	id := p.last.eventArgument()
	p.out.Line(p.out.Paint(terminal.Faint, terminal.Clean("details: "+p.next("show", id)+"   resend: "+p.next("resend", id, "--to", p.last.Webhook))))
}
