package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
)

// bulkWait waits for the end of what was resent in bulk. It reads the history, so
// a restart of the relay does not disturb it.
type bulkWait struct {
	*cli
	api.BulkResent
	to    string // the webhook
	began time.Time

	seen  map[history.Seq]bool // by seq: after a crash, the history may repeat a line
	ended map[history.Status]int
	done  int // of all statuses

	printed   int // done, when it was last printed
	printedAt time.Time
}

// How often progress is shown, on a terminal and elsewhere.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 24
)

func newBulkWait(c *cli, to string, resent api.BulkResent) *bulkWait {
	now := time.Now()
	return &bulkWait{
		cli: c, BulkResent: resent, to: to, began: now, printedAt: now,
		seen: map[history.Seq]bool{}, ended: map[history.Status]int{},
	}
}

// run waits until all have ended, or until ctx is done because the command was
// interrupted.
func (w *bulkWait) run(ctx context.Context, f *query.Follower, asJSON bool) error {
	w.showProgress()
	for w.done < w.Count {
		if err := w.read(ctx, f); err != nil {
			w.err.ClearProgress()
			if ctx.Err() == nil {
				return fmt.Errorf("resend: %d of %d ended so far; the others continue: %w", w.done, w.Count, err)
			}
			w.notice("%d of %d ended so far; the others continue without this command; to follow: %s",
				w.done, w.Count, w.next("history", w.to, "-f"))
			return exitCode(1)
		}
		w.showProgress()
	}
	w.err.ClearProgress()
	return w.report(asJSON)
}

// read counts what the history records until it is time to show progress.
func (w *bulkWait) read(ctx context.Context, f *query.Follower) error {
	tick, cancel := context.WithTimeout(ctx, barEvery)
	defer cancel()
	for w.done < w.Count && tick.Err() == nil {
		o, err := f.Next(tick)
		if err != nil && tick.Err() == nil {
			return err
		}
		if err == nil && w.waitsFor(o.Seq) && slices.Contains(query.Ends(), o.Status) && !w.seen[o.Seq] {
			w.seen[o.Seq] = true
			w.ended[o.Status]++
			w.done++
		}
	}
	return ctx.Err()
}

// waitsFor reports whether a delivery is one of those that were resent.
func (w *bulkWait) waitsFor(seq history.Seq) bool {
	_, ok := slices.BinarySearchFunc(w.Seqs, seq, func(s [2]history.Seq, seq history.Seq) int {
		switch {
		case s[1] < seq:
			return -1
		case s[0] > seq:
			return 1
		}
		return 0
	})
	return ok
}

// showProgress draws a bar on a terminal, and elsewhere prints a line now and then.
func (w *bulkWait) showProgress() {
	text := fmt.Sprintf("%d of %d", w.done, w.Count)
	if lost := w.done - w.ended[history.Delivered]; lost > 0 {
		text += fmt.Sprintf(", %d not delivered", lost)
	}
	if !w.err.Terminal {
		if w.done > w.printed && time.Since(w.printedAt) >= lineEvery {
			w.printed, w.printedAt = w.done, time.Now()
			w.err.Linef("%s", text)
		}
		return
	}
	full := barWidth * w.done / w.Count
	bar := strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
	if took := time.Since(w.began).Seconds(); took >= 1 && w.done > 0 {
		text += fmt.Sprintf(", %.0f/s", float64(w.done)/took)
	}
	w.err.Progress(fmt.Sprintf("[%s] %3d %%  %s", bar, 100*w.done/w.Count, text))
}

// report prints how they ended.
func (w *bulkWait) report(asJSON bool) error {
	lost := w.Count - w.ended[history.Delivered]
	if asJSON {
		counts := struct {
			Count     int `json:"count"`
			Gone      int `json:"gone,omitempty"`
			Delivered int `json:"delivered"`
			Failed    int `json:"failed"`
			Exhausted int `json:"exhausted"`
			Canceled  int `json:"canceled"`
			Expired   int `json:"expired"`
		}{
			w.Count, w.Gone, w.ended[history.Delivered], w.ended[history.Failed], w.ended[history.Exhausted],
			w.ended[history.Canceled], w.ended[history.Expired],
		}
		if err := w.printJSON(counts); err != nil {
			return err
		}
	} else {
		w.out.Linef("resent %s to %s: %s", terminal.Count(w.Count, "delivery"), w.to, w.outcome())
	}
	if lost == 0 {
		return nil
	}
	w.notice("%s did not arrive; to list them: %s", terminal.Count(lost, "delivery"),
		w.next("history", w.to, "--status", "failed,exhausted,canceled,expired", "--since", w.began.UTC().Format(time.RFC3339)))
	return exitCode(1)
}

// outcome says how many ended with which status.
func (w *bulkWait) outcome() string {
	if w.ended[history.Delivered] == w.Count {
		return "all arrived"
	}
	var parts []string
	for _, status := range query.Ends() {
		if n := w.ended[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}
