package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/verify"
	"sidehook/relay/api"
)

func (c *cli) historyCheckCommand() *cobra.Command {
	var asJSON, accept bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read and verify every line of the history",
		Long: "Reads every line of every segment of the history and verifies it. The exit code is\n" +
			"1 if anything is wrong. It works beside a running relay. Damage that there is nothing\n" +
			"to be done about is taken as known with --accept, which changes no record: the next\n" +
			"check then tells of new damage only. While a relay runs it is the one that records\n" +
			"this, and is asked to.",
		Example: "  sidehook history check",
		Args:    noArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.historyCheck(cmd.Context(), asJSON, accept) },
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "record the damage found as known, and end with 0")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// historyChecked is the answer of history check as JSON.
type historyChecked struct {
	Dir      string            `json:"dir"`
	OK       bool              `json:"ok"`
	Segments int               `json:"segments"`
	Lines    int               `json:"lines"`
	Bytes    int64             `json:"bytes"`
	Problems []history.Problem `json:"problems"`
	Known    int               `json:"known"` // places of damage that were accepted
	Accepted bool              `json:"accepted,omitempty"`
}

func (c *cli) historyCheck(ctx context.Context, asJSON, accept bool) error {
	file, err := c.load(config.Tools)
	if err != nil {
		return err
	}
	dir := file.History.Dir
	checker, err := verify.Open(dir)
	if err != nil {
		return unreadable(err)
	}
	defer checker.Close()
	checked, err := checker.Check(c.progress())
	c.clearProgress()
	if err != nil {
		return fmt.Errorf("check %s: %w", dir, err)
	}
	accept = accept && len(checked.Problems) > 0
	if accept {
		if err := c.accept(ctx, file, checked.Problems); err != nil {
			return fmt.Errorf("check %s: %w", dir, err)
		}
		if !checker.Knows(checked.Problems) {
			return fmt.Errorf("check %s: the relay that answered runs on another history: nothing was accepted here", dir)
		}
	}
	answer := historyChecked{
		Dir: dir, OK: len(checked.Problems) == 0 || accept, Accepted: accept, Known: len(checked.Known),
		Segments: checked.Segments, Lines: checked.Lines, Bytes: checked.Bytes, Problems: []history.Problem{},
	}
	for _, p := range checked.Problems {
		p.File = filepath.Join(dir, p.File)
		if asJSON {
			answer.Problems = append(answer.Problems, p)
		} else {
			c.err.linef("%s", p)
		}
	}
	if asJSON {
		err = c.json(answer)
	} else {
		c.out.linef("%s: %s, %s, %s: %s", dir, count(checked.Segments, "segment"), count(checked.Lines, "good line"),
			size(checked.Bytes), verdict(len(checked.Problems), len(checked.Known), accept))
	}
	if err == nil && !answer.OK {
		return exitCode(1)
	}
	return err
}

// acceptBatch is how many problems are sent to a relay at once: its requests have
// a limit.
const acceptBatch = 1000

// accept records problems as known: itself if no relay runs on the history, else
// through that one, as only one process may write there.
func (c *cli) accept(ctx context.Context, file *config.File, problems []history.Problem) error {
	err := journal.Accept(file.History.Dir, problems)
	var inUse *journal.InUseError
	if !errors.As(err, &inUse) {
		return err
	}
	relay, err := connect(ctx, file.Listen)
	if err != nil {
		return fmt.Errorf("%w, which alone may record what is accepted, and cannot be asked: %w", inUse, err)
	}
	for batch := range slices.Chunk(problems, acceptBatch) {
		if _, err := relay.Post(ctx, api.AcceptPath, api.AcceptRequest{Problems: batch}, &api.DamageAccepted{}); err != nil {
			return fmt.Errorf("%w, which alone may record what is accepted, and says: %w", inUse, err)
		}
	}
	return nil
}

func verdict(problems, known int, accepted bool) string {
	text := "nothing is wrong"
	if problems > 0 {
		text = count(problems, "place") + " wrong"
	}
	if accepted {
		text += ", accepted as known from now on"
	}
	if known > 0 {
		text += fmt.Sprintf(", beside %d known", known)
	}
	return text
}

// progress shows on a terminal how far a check has come.
func (c *cli) progress() func(read, total int64) {
	shown := int64(-1)
	return func(read, total int64) {
		if percent := 100 * read / max(1, total); c.err.terminal && percent != shown {
			shown = percent
			fmt.Fprintf(c.err, "\r%3d %% of %s", percent, size(total))
		}
	}
}

func (c *cli) clearProgress() {
	if c.err.terminal {
		fmt.Fprint(c.err, "\r\x1b[K")
	}
}
