package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sidehook/history"
	"sidehook/relay/command/terminal"
	"sidehook/relay/measure"
)

// Attempts prints attempts: a table of those known at the start, then more
// rows as they come.
type Attempts struct {
	out   *terminal.Screen
	next  Commands
	flags Options
	table terminal.Table
	now   time.Time // ages count up to it
	rows  []Attempt // that were listed
	last  history.LineNo
}

// Options say how attempts are printed.
type Options struct {
	Webhooks []string // that were asked for; none: all
	Follow   bool     // more come after those that are listed
	JSON     bool
}

// Commands returns a command line to continue with.
type Commands func(args ...string) string

// NewAttempts returns an Attempts, which prints a list of attempts (List) and then one at a
// time (More).
func NewAttempts(to *terminal.Screen, next Commands, f Options) *Attempts {
	now := time.Now()
	return &Attempts{out: to, next: next, flags: f, now: now, table: terminal.Table{
		To: to, Wide: []string{timeHead(now), "EVENT", "STATUS"}, // people copy ids
		Optional: []string{"TOOK", "TRY", "CODE", "TYPE", "AGE"}, MinLast: 16,
	}}
}

// List prints a table of attempts.
func (p *Attempts) List(lines []json.RawMessage) {
	if !p.flags.JSON && (len(lines) > 0 || p.flags.Follow) {
		p.table.Add(p.columns(terminal.Heads(timeHead(p.now), "AGE", "WEBHOOK", "EVENT", "TYPE", "TRY", "STATUS", "CODE", "TOOK", "ERROR"))...)
	}
	if p.flags.Follow && p.out.Terminal && len(lines) == 0 {
		p.table.Fit(p.typical()...)
	}
	for _, line := range lines {
		if a, err := ParseAttempt(line); err == nil { // else a later version wrote it: its checksum is right
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
func (p *Attempts) typical() []terminal.Cell {
	var cells []terminal.Cell
	for _, width := range []int{len(p.timeLayout()), 0, 16, len(uuid.Nil.String()), 20, 1, len(history.Delivered), 3, 6, 20} {
		cells = append(cells, terminal.Normal.Cell(strings.Repeat("x", width)))
	}
	return p.columns(cells)
}

// timeLayout leaves out the day of followed attempts on a narrow terminal.
func (p *Attempts) timeLayout() string {
	if p.flags.Follow && p.out.Width > 0 && p.out.Width < narrow {
		return time.TimeOnly
	}
	return terminal.TableTime
}

// columns removes cells from a row: the webhook if there is only one, the age
// where it would grow old on the page, and the time on a narrow terminal.
func (p *Attempts) columns(cells []terminal.Cell) []terminal.Cell {
	if len(p.flags.Webhooks) == 1 {
		cells = slices.Delete(cells, 2, 3)
	}
	switch {
	case !p.out.Terminal, p.flags.Follow:
		return slices.Delete(cells, 1, 2)
	case p.out.Width > 0 && p.out.Width < narrow:
		return slices.Delete(cells, 0, 1)
	}
	return cells
}

// print prints an attempt: as JSON, or as a row that it passes on.
func (p *Attempts) print(a *Attempt, line json.RawMessage, row func(...terminal.Cell)) {
	if p.flags.JSON {
		p.out.Line(string(line))
		return
	}
	event := a.Event
	if p.out.Terminal {
		event = terminal.Cut(event, 40) // longer than a UUID
	}
	text := terminal.Normal.Cell
	row(p.columns([]terminal.Cell{
		text(terminal.InColumn(a.At, p.now, p.timeLayout())), terminal.Faint.Cell(measure.Span(p.now.Sub(a.At))), terminal.Bold.Cell(a.Webhook), text(event), text(a.Type),
		text(fmt.Sprint(a.Number)), StatusStyle(a.Status).Cell(a.Status), text(a.code()), text(a.took()), text(a.note()),
	})...)
}

// More prints an attempt after the list, if it is newer and of a webhook that was asked for.
// It reports whether another can be printed.
func (p *Attempts) More(line json.RawMessage) bool {
	a, err := ParseAttempt(line)
	if err == nil && a.N > p.last && (len(p.flags.Webhooks) < 2 || slices.Contains(p.flags.Webhooks, a.Webhook)) {
		p.last = a.N
		p.print(&a, line, p.table.PrintRow)
	}
	return !p.out.Broken()
}

// PrintNext prints on a terminal how to continue with the newest delivery that has
// not arrived, preferably one that is given up. It prints nothing if all have.
func (p *Attempts) PrintNext(arrived func(*Attempt) bool) {
	if p.flags.JSON || !p.out.Terminal {
		return
	}
	var retried *Attempt
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

func (p *Attempts) printCommands(a *Attempt) {
	id := a.eventArgument()
	p.out.Line(p.out.Paint(terminal.Faint, terminal.Clean("details: "+p.next("show", id)+"   resend: "+p.next("resend", id, "--to", a.Webhook))))
}
