package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"sidehook/history"
	"sidehook/history/query"
)

// attemptPrinter prints attempts, some together and more as they come.
type attemptPrinter struct {
	*cli
	listing listing
	table   table
	now     time.Time // that ages are told from
	last    record
}

func newAttemptPrinter(c *cli, l listing) *attemptPrinter {
	return &attemptPrinter{cli: c, listing: l, now: time.Now(), table: table{
		to: c.out, firm: []string{"TIME", "EVENT", "STATUS"}, // an id is to be copied
		spare: []string{"TOOK", "TRY", "CODE", "TYPE", "AGE"}, last: 16,
	}}
}

func (p *attemptPrinter) list(lines [][]byte) error {
	if !p.listing.json && (len(lines) > 0 || p.listing.follow) {
		p.table.hold(p.row(cell{"TIME", faint}, cell{"AGE", faint}, cell{"WEBHOOK", faint}, cell{"EVENT", faint}, cell{"TYPE", faint},
			cell{"TRY", faint}, cell{"STATUS", faint}, cell{"CODE", faint}, cell{"TOOK", faint}, cell{"ERROR", faint})...)
	}
	if p.listing.follow && p.out.terminal && len(lines) == 0 {
		p.table.fit(p.typical())
	}
	for _, line := range lines {
		if err := p.print(line, p.table.hold); err != nil {
			return err
		}
	}
	p.table.print()
	return nil
}

// narrow is the width in characters of a terminal that has no room for a time
// and an age.
const narrow = 100

// typical is a row as there may come many, for a table that begins ahead of them.
func (p *attemptPrinter) typical() []cell {
	x := func(n int) cell { return cell{strings.Repeat("x", n), normal} }
	return p.row(x(len(p.layout())), x(0), x(16), x(len(uuid.Nil.String())), x(20), x(1), x(len(history.Delivered)), x(3), x(6), x(20))
}

// layout is how a time reads: of what is followed on a narrow terminal without
// the day.
func (p *attemptPrinter) layout() string {
	if p.listing.follow && p.out.width > 0 && p.out.width < narrow {
		return time.TimeOnly
	}
	return inTable
}

// row leaves out the column of the webhook if there is only one, that of the age
// where nobody looks at it now, and on a narrow terminal that of the time.
func (p *attemptPrinter) row(cells ...cell) []cell {
	if p.listing.webhook != "" {
		cells = slices.Delete(cells, 2, 3)
	}
	switch {
	case !p.out.terminal, p.listing.follow:
		return slices.Delete(cells, 1, 2)
	case p.out.width > 0 && p.out.width < narrow:
		return slices.Delete(cells, 0, 1)
	}
	return cells
}

// print prints the line of an attempt.
func (p *attemptPrinter) print(line []byte, row func(...cell)) error {
	r, err := parseRecord(line)
	if err != nil {
		return nil // its checksum held, so that it is of a version to come
	}
	p.last = r
	if p.listing.json {
		_, err := io.WriteString(p.out, string(line)+"\n")
		return err
	}
	took := ""
	if r.Took > 0 {
		took = millis(r.Took)
	}
	event := r.Event
	if p.out.terminal {
		event = cut(event, 40) // a UUID fits
	}
	row(p.row(
		cell{local(r.At, p.layout()), normal}, cell{span(p.now.Sub(r.At)), faint}, cell{r.Webhook, bold}, cell{event, normal}, cell{r.Type, normal},
		cell{fmt.Sprint(r.Number), normal}, cell{r.Status, statusStyle(r.Status)}, cell{r.code(), normal}, cell{took, normal},
		cell{r.note(), normal},
	)...)
	return nil
}

// follow prints the attempts behind the line of that number, as they come, until
// they cannot be printed any more.
func (p *attemptPrinter) follow(ctx context.Context, reading *query.Reader, q *query.Query, newest uint64) error {
	f := reading.Follow(newest)
	for !p.out.broken() {
		o, err := f.Next(ctx)
		if err != nil {
			return err
		}
		if !q.Match(&o) {
			continue
		}
		if err := p.print(o.JSON(), p.table.row); err != nil {
			return err
		}
	}
	return nil
}

// hints says on a terminal how to go on from the newest attempt.
func (p *attemptPrinter) hints() {
	if p.listing.json || !p.out.terminal || p.last.Event == "" {
		return
	}
	id := p.last.reference()
	p.out.line(p.out.paint(faint, clean("all of one: "+p.hint("show", id)+"   again: "+p.hint("resend", id, "--to", p.last.Webhook))))
}

// reference names the event of an attempt on a command line. An id that is
// awkward there is replaced by the number of the event.
func (r *record) reference() string {
	if quoted(r.Event) == r.Event && len(r.Event) <= 64 {
		return r.Event
	}
	return fmt.Sprintf("seq:%d", r.Seq)
}
