// Package bulk waits for the end of what was resent in bulk, and shows how far it is.
//
// It promises that a restart of the relay does not disturb it where the history may be
// read, and that an interruption ends only the waiting.
//
// The command resend of relay/command calls it.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"sidehook/history"
	"sidehook/history/query"
	"sidehook/relay/api"
	"sidehook/relay/api/client"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

// Options are what a Wait needs.
type Options struct {
	Out, Err  *terminal.Screen
	Next      func(args ...string) string // a command line to continue with
	Dir       string                      // of the history
	Relay     *client.Client
	Receivers []string // none: all webhooks
}

// Wait waits for the end of what was resent in bulk. It reads the history, so
// a restart of the relay does not disturb it. Where the history may not be read, it
// asks the relay.
type Wait struct {
	Options
	api.BulkResent
	to    string // the receivers as text
	began time.Time

	follower *query.Follower // of the records from before the resend on; nil: ask relay

	seen  map[history.Seq]bool // by seq: after a crash, the history may repeat a line
	ended map[history.Status]int
	lost  int // given up, of statuses that the relay does not tell
	done  int // of all

	printed   int // done, when it was last printed
	printedAt time.Time
}

// How often progress is shown, on a terminal and elsewhere.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
	askEvery  = time.Second
	barWidth  = 24
)

// New prepares to wait for what will be resent from now on. The caller must
// call done.
func New(o Options) (w *Wait, done func() error, err error) {
	w = &Wait{Options: o, seen: map[history.Seq]bool{}, ended: map[history.Status]int{}}
	reader, err := query.Open(o.Dir)
	if errors.Is(err, fs.ErrPermission) {
		return w, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	newest, err := reader.Newest()
	if err != nil {
		return nil, nil, errors.Join(err, reader.Close())
	}
	w.follower = reader.Follow(newest)
	return w, reader.Close, nil
}

// Begin says what was resent.
func (w *Wait) Begin(resent api.BulkResent, to string) {
	w.BulkResent, w.to = resent, to
	w.began, w.printedAt = time.Now(), time.Now()
}

// Run waits until all have ended, or until ctx is done because the command was
// interrupted.
func (w *Wait) Run(ctx context.Context, asJSON bool) error {
	read := w.read
	if w.follower == nil {
		read = w.ask
	}
	w.showProgress()
	for w.done < w.Count {
		if err := read(ctx); err != nil {
			w.Err.ClearProgress()
			if ctx.Err() == nil {
				return fmt.Errorf("resend: %d of %d ended so far; the others continue: %w", w.done, w.Count, err)
			}
			w.Err.Noticef("%d of %d ended so far; the others continue without this command; to follow: %s",
				w.done, w.Count, FollowCommand(w.Next, w.Receivers))
			return usage.ExitCode(1)
		}
		w.showProgress()
	}
	w.Err.ClearProgress()
	return w.report(asJSON)
}

// read counts what the history records until it is time to show progress.
func (w *Wait) read(ctx context.Context) error {
	tick, cancel := context.WithTimeout(ctx, barEvery)
	defer cancel()
	for w.done < w.Count && tick.Err() == nil {
		o, err := w.follower.Next(tick)
		if err != nil && tick.Err() == nil {
			return err
		}
		if err == nil && w.waitsFor(o.Seq) && slices.Contains(history.Ends(), o.Status) && !w.seen[o.Seq] {
			w.seen[o.Seq] = true
			w.ended[o.Status]++
			w.done++
		}
	}
	return ctx.Err()
}

// ask asks the relay how far it is. A relay that restarts may take a while to answer.
func (w *Wait) ask(ctx context.Context) error {
	p, err := w.Relay.ResendProgress(ctx, w.Resend)
	var refused *client.RefusedError
	if errors.As(err, &refused) {
		return err
	}
	if err == nil {
		w.ended[history.Delivered], w.lost, w.done = p.Delivered, p.GivenUp, p.Delivered+p.GivenUp
	}
	if w.done == w.Count {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(askEvery):
		return nil
	}
}

// waitsFor reports whether a delivery is one of those that were resent.
func (w *Wait) waitsFor(seq history.Seq) bool {
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
func (w *Wait) showProgress() {
	text := fmt.Sprintf("%d of %d", w.done, w.Count)
	if lost := w.done - w.ended[history.Delivered]; lost > 0 {
		text += fmt.Sprintf(", %d not delivered", lost)
	}
	if !w.Err.Terminal {
		if w.done > w.printed && time.Since(w.printedAt) >= lineEvery {
			w.printed, w.printedAt = w.done, time.Now()
			w.Err.Linef("%s", text)
		}
		return
	}
	full := barWidth * w.done / w.Count
	bar := strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
	if took := time.Since(w.began).Seconds(); took >= 1 && w.done > 0 {
		text += fmt.Sprintf(", %.0f/s", float64(w.done)/took)
	}
	w.Err.Progress(fmt.Sprintf("[%s] %3d %%  %s", bar, 100*w.done/w.Count, text))
}

// report prints how they ended.
func (w *Wait) report(asJSON bool) error {
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
			GivenUp   int `json:"given_up,omitempty"` // where the statuses are not known
		}{
			w.Count, w.Gone, w.ended[history.Delivered], w.ended[history.Failed], w.ended[history.Exhausted],
			w.ended[history.Canceled], w.ended[history.Expired], w.lost,
		}
		if err := w.Out.JSON(counts); err != nil {
			return err
		}
	} else {
		w.Out.Linef("resent %s to %s: %s", measure.Count(w.Count, "delivery"), w.to, w.outcome())
	}
	if lost == 0 {
		return nil
	}
	w.Err.Noticef("%s did not arrive; to list them: %s", measure.Count(lost, "delivery"),
		w.Next(append(webhookArguments(w.Receivers), "--status", "failed,exhausted,canceled,expired", "--since", w.began.UTC().Format(time.RFC3339))...))
	return usage.ExitCode(1)
}

// outcome says how many ended with which status.
func (w *Wait) outcome() string {
	if w.ended[history.Delivered] == w.Count {
		return "all arrived"
	}
	var parts []string
	for _, status := range history.Ends() {
		if n := w.ended[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	if w.lost > 0 {
		parts = append(parts, fmt.Sprintf("%d given up", w.lost))
	}
	return strings.Join(parts, ", ")
}

// FollowCommand returns the command that follows the attempts to webhooks.
func FollowCommand(next func(...string) string, webhooks []string) string {
	return next(append(webhookArguments(webhooks), "-f")...)
}

// webhookArguments returns the arguments of history for webhooks.
func webhookArguments(webhooks []string) []string {
	args := []string{"history"}
	if len(webhooks) == 1 {
		return append(args, webhooks[0])
	}
	for _, name := range webhooks {
		args = append(args, "--webhook", name)
	}
	return args
}
