package reading

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
	"sidehook/relay/command/cli"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

func (c commands) checkCommand() *cobra.Command {
	var asJSON, accept bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read and verify every line of the history",
		Long: "Reads and verifies every line of every segment of the history. The exit code is\n" +
			"1 if there is damage. It can run beside a relay. --accept records the damage as\n" +
			"known, so that later checks report only new damage. It changes no record. If a\n" +
			"relay runs, it asks the relay to do it.",
		Example: "  sidehook history check",
		Args:    usage.NoArgument,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.check(cmd.Context(), asJSON, accept) },
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "accept the damage found and exit 0")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

// checkResult is the answer of history check as JSON.
type checkResult struct {
	Dir      string            `json:"dir"`
	OK       bool              `json:"ok"`
	Segments int               `json:"segments"`
	Lines    int               `json:"lines"`
	Bytes    int64             `json:"bytes"`
	Problems []history.Problem `json:"problems"`
	Known    int               `json:"known"` // damaged places that were accepted
	Accepted bool              `json:"accepted,omitempty"`
}

func (c commands) check(ctx context.Context, asJSON, accept bool) error {
	file, err := c.Load(config.Tools)
	if err != nil {
		return err
	}
	dir := file.History.Dir
	checker, err := verify.Open(dir)
	if errors.Is(err, history.ErrNoHistory) && file.Cluster.Given() {
		return fmt.Errorf("%s: there are no files to check: the history is in the database of the cluster, which sees to its own; see `sidehook cluster status`", dir)
	}
	if err != nil {
		return cli.ExplainDenied(err)
	}
	defer checker.Close()
	checked, err := checker.Check(c.checkProgress())
	c.Err.ClearProgress()
	if err != nil {
		return fmt.Errorf("check %s: %w", dir, err)
	}
	accept = accept && len(checked.Problems) > 0
	if accept {
		if err := c.accept(ctx, file, checked.Problems); err != nil {
			return fmt.Errorf("check %s: %w", dir, err)
		}
		if !checker.Knows(checked.Problems) {
			return fmt.Errorf("check %s: the relay uses another history; nothing was accepted here", dir)
		}
	}
	answer := checkResult{
		Dir: dir, OK: len(checked.Problems) == 0 || accept, Accepted: accept, Known: len(checked.Known),
		Segments: checked.Segments, Lines: checked.Lines, Bytes: checked.Bytes, Problems: []history.Problem{},
	}
	for _, p := range checked.Problems {
		p.File = filepath.Join(dir, p.File)
		if asJSON {
			answer.Problems = append(answer.Problems, p)
		} else {
			c.Err.Linef("%s", p)
		}
	}
	if asJSON {
		err = c.Out.JSON(answer)
	} else {
		c.Out.Linef("%s: %s, %s, %s: %s", dir, measure.Count(checked.Segments, "segment"), measure.Count(checked.Lines, "valid line"),
			measure.Size(checked.Bytes), verdict(len(checked.Problems), len(checked.Known), accept))
	}
	if err == nil && !answer.OK {
		return usage.ExitCode(1)
	}
	return err
}

// acceptBatch is how many problems are sent to a relay at once. The size of its
// requests is limited.
const acceptBatch = 1000

// accept records problems as known: itself, or through the relay if one uses the
// history, because only one process may write there.
func (c commands) accept(ctx context.Context, file *config.File, problems []history.Problem) error {
	err := journal.Accept(file.History.Dir, problems)
	var inUse *journal.InUseError
	if !errors.As(err, &inUse) {
		return err
	}
	relay, err := c.Dial(ctx, file.Listen)
	if err != nil {
		return fmt.Errorf("%w, which must record what is accepted, but cannot be asked: %w", inUse, err)
	}
	for batch := range slices.Chunk(problems, acceptBatch) {
		if _, err := relay.Post(ctx, api.AcceptPath, api.AcceptRequest{Problems: batch}, &api.DamageAccepted{}); err != nil {
			return fmt.Errorf("%w, which must record what is accepted, but answers: %w", inUse, err)
		}
	}
	return nil
}

func verdict(problems, known int, accepted bool) string {
	text := "OK"
	if problems > 0 {
		text = measure.Count(problems, "damaged place")
	}
	if accepted {
		text += ", now accepted"
	}
	if known > 0 {
		text += fmt.Sprintf(" (%d accepted before)", known)
	}
	return text
}

// checkProgress returns a function that shows how much of the history was read.
func (c commands) checkProgress() func(read, total int64) {
	shown := int64(-1)
	return func(read, total int64) {
		if percent := 100 * read / max(1, total); percent != shown {
			shown = percent
			c.Err.Progress(fmt.Sprintf("%3d %% of %s", percent, measure.Size(total)))
		}
	}
}
