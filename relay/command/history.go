package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
)

// listing is the flags of history.
type listing struct {
	webhook string // "" for all
	limit   int
	follow  bool
	json    bool
}

func (c *cli) historyCommand() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "history [WEBHOOK]",
		Short: "List what became of the events, attempt by attempt",
		Args:  cobra.ArbitraryArgs,
		Long: "Lists the newest attempts to deliver an event, a line each, the newest last: of\n" +
			"one webhook, or of all. It reads the files, so the relay need not run.",
		Example: "  sidehook history app-lifecycle -f",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("one WEBHOOK is taken, and %q is too many", args[1])
			}
			if len(args) > 0 {
				l.webhook = args[0]
			}
			if l.limit < 0 {
				return usagef("--limit is %d, and must be 0 or more", l.limit)
			}
			return c.history(cmd.Context(), l)
		},
	}
	cmd.Flags().IntVar(&l.limit, "limit", 20, "list so many attempts: `N`")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var invalid interface{ GetValue() string }
		if errors.As(err, &invalid) && strings.Contains(err.Error(), `"--limit"`) {
			return usagef("--limit is %q, and must be a whole number", invalid.GetValue())
		}
		return err
	})
	cmd.Flags().BoolVarP(&l.follow, "follow", "f", false, "go on with the attempts that come")
	jsonFlag(cmd, &l.json)
	cmd.AddCommand(c.historyCheckCommand())
	return cmd
}

func (c *cli) history(ctx context.Context, l listing) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	var from *tail
	if l.follow {
		// What is written from here on is followed, what was before is listed.
		if from, err = tailDeliveries(file.History.Dir); err != nil {
			return err
		}
		defer from.Close()
	}
	lines, newest, err := newestAttempts(file.History.Dir, l)
	if err != nil && !(l.follow && errors.Is(err, history.ErrNoHistory)) {
		return err
	}
	p := &attemptPrinter{cli: c, listing: l, table: table{to: c.out}}
	if err := p.list(lines); err != nil {
		return err
	}
	if l.follow {
		return p.follow(ctx, from, newest)
	}
	switch {
	case len(lines) > 0 || l.limit == 0:
		p.hints()
	case l.webhook != "":
		c.err.linef("sidehook: no attempt to deliver to %q is in the history", l.webhook)
	default:
		c.err.linef("sidehook: no attempt is in the history")
	}
	return nil
}

// newestAttempts are the lines to list, oldest first, and the number of the
// newest line of all.
func newestAttempts(dir string, l listing) (lines [][]byte, newest uint64, err error) {
	reading, err := history.Read(dir)
	if err != nil {
		return nil, 0, err
	}
	defer reading.Close()
	err = reading.Tail(func(o *history.Outcome) bool {
		newest = max(newest, o.N)
		if len(lines) < l.limit && o.Kind == "attempt" && (l.webhook == "" || o.Webhook == l.webhook) {
			lines = append(lines, o.JSON())
		}
		return len(lines) < l.limit
	})
	slices.Reverse(lines)
	return lines, newest, err
}

// attemptPrinter prints attempts, some together and more as they come.
type attemptPrinter struct {
	*cli
	listing listing
	table   table
	last    record
}

func (p *attemptPrinter) list(lines [][]byte) error {
	if !p.listing.json && (len(lines) > 0 || p.listing.follow) {
		p.table.hold(p.row(cell{"TIME", faint}, cell{"WEBHOOK", faint}, cell{"EVENT", faint}, cell{"TYPE", faint},
			cell{"TRY", faint}, cell{"STATUS", faint}, cell{"CODE", faint}, cell{"TOOK", faint}, cell{"ERROR", faint})...)
	}
	for _, line := range lines {
		if err := p.print(line, p.table.hold); err != nil {
			return err
		}
	}
	p.table.print()
	return nil
}

// row leaves out the column of the webhook if there is only one.
func (p *attemptPrinter) row(cells ...cell) []cell {
	if p.listing.webhook != "" {
		return slices.Delete(cells, 1, 2)
	}
	return cells
}

// print prints a line of the deliveries if it is an attempt that is wanted.
func (p *attemptPrinter) print(line []byte, row func(...cell)) error {
	r, err := parseRecord(line)
	if err != nil || r.Kind != "attempt" || p.listing.webhook != "" && r.Webhook != p.listing.webhook {
		return nil // a damaged line is for history check
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
		cell{local(r.At, inTable), normal}, cell{r.Webhook, bold}, cell{event, normal}, cell{r.Type, normal},
		cell{fmt.Sprint(r.Attempt), normal}, cell{r.Status, statusStyle(r.Status)}, cell{r.code(), normal}, cell{took, normal},
		cell{r.note(), normal},
	)...)
	return nil
}

// follow prints the attempts behind the line of that number, as they come.
func (p *attemptPrinter) follow(ctx context.Context, from *tail, newest uint64) error {
	for {
		line, err := from.next(ctx)
		if err != nil {
			return err
		}
		if r, err := parseRecord(line); err != nil || r.N <= newest {
			continue
		}
		if err := p.print(line, p.table.row); err != nil {
			return err
		}
	}
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
