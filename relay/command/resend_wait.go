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
)

// bulkWait waits for what was sent again in bulk. It reads the history, so that
// a restart of the relay is nothing to it.
type bulkWait struct {
	*cli
	api.BulkResent
	receiver string
	began    time.Time

	over  map[uint64]bool // by seq: a crash may put a line into the history anew
	ended map[history.Status]int
	done  int // of them all
	shown int // the last time
	last  time.Time
}

// How often it is shown how far it has come, on a terminal and elsewhere.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 24
)

// run waits for the last one, or until ctx is done, when the
// command is interrupted.
func (w *bulkWait) run(ctx context.Context, f *query.Follower, asJSON bool) error {
	w.last = w.began
	w.show()
	for w.done < w.Count {
		if err := w.some(ctx, f); err != nil {
			w.clearProgress()
			if ctx.Err() == nil {
				return fmt.Errorf("resend: %d of %d ended so far, and the rest goes on: %w", w.done, w.Count, err)
			}
			w.err.linef("sidehook: %d of %d ended so far, and the rest goes on without this command; to follow: %s",
				w.done, w.Count, w.hint("history", w.receiver, "-f"))
			return exitCode(1)
		}
		w.show()
	}
	w.clearProgress()
	return w.tell(asJSON)
}

// some takes in what comes until it is time to show it.
func (w *bulkWait) some(ctx context.Context, f *query.Follower) error {
	tick, cancel := context.WithTimeout(ctx, barEvery)
	defer cancel()
	for w.done < w.Count && tick.Err() == nil {
		o, err := f.Next(tick)
		if err != nil && tick.Err() == nil {
			return err
		}
		if err == nil && w.has(o.Seq) && slices.Contains(query.Ends(), o.Status) && !w.over[o.Seq] {
			w.over[o.Seq] = true
			w.ended[o.Status]++
			w.done++
		}
	}
	return ctx.Err()
}

// has reports whether a delivery is among those that are waited for.
func (w *bulkWait) has(seq uint64) bool {
	_, ok := slices.BinarySearchFunc(w.Seqs, seq, func(s [2]uint64, seq uint64) int {
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

// show draws a bar on a terminal, and elsewhere prints a line now and then.
func (w *bulkWait) show() {
	text := fmt.Sprintf("%d of %d", w.done, w.Count)
	if lost := w.done - w.ended[history.Delivered]; lost > 0 {
		text += fmt.Sprintf(", %d of them not delivered", lost)
	}
	if !w.err.terminal {
		if w.done > w.shown && time.Since(w.last) >= lineEvery {
			w.shown, w.last = w.done, time.Now()
			w.err.linef("%s", text)
		}
		return
	}
	full := barWidth * w.done / w.Count
	bar := strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
	if took := time.Since(w.began).Seconds(); took >= 1 && w.done > 0 {
		text += fmt.Sprintf(", %.0f/s", float64(w.done)/took)
	}
	line := fmt.Sprintf("[%s] %3d %%  %s", bar, 100*w.done/w.Count, text)
	if w.err.width > 1 {
		line = cut(line, w.err.width-1)
	}
	fmt.Fprint(w.err, "\r\x1b[K"+line)
}

// tell says what became of them.
func (w *bulkWait) tell(asJSON bool) error {
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
		if err := w.json(counts); err != nil {
			return err
		}
	} else if lost == 0 {
		w.out.linef("%s again to %s: all arrived", deliveries(w.Count), w.receiver)
	} else {
		w.out.linef("%s again to %s: %s", deliveries(w.Count), w.receiver, w.counts())
	}
	if lost == 0 {
		return nil
	}
	w.err.linef("sidehook: %s did not arrive; to look at them: %s", deliveries(lost),
		w.hint("history", w.receiver, "--status", "failed,exhausted,canceled,expired", "--since", w.began.UTC().Format(time.RFC3339)))
	return exitCode(1)
}

// counts are how many ended how.
func (w *bulkWait) counts() string {
	var parts []string
	for _, status := range query.Ends() {
		if n := w.ended[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}
