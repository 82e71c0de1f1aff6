package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/history/journal"
)

// historyGenerateCommand is for measuring queries, and no part of what sidehook
// does for its users: it is not in the help.
func (c *cli) historyGenerateCommand() *cobra.Command {
	var attempts int
	cmd := &cobra.Command{
		Use:    "generate FOLDER",
		Short:  "Write a history to measure queries on",
		Hidden: true,
		Args:   oneArgument("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if attempts < 1 {
				return usagef("--attempts is %d, and must be 1 or more", attempts)
			}
			shown := -1
			err := journal.Generate(args[0], journal.Generated{Attempts: attempts, Seed: 1, Progress: func(made int) {
				if percent := int(100 * int64(made) / int64(attempts)); c.err.terminal && percent != shown {
					shown = percent
					fmt.Fprintf(c.err, "\r%3d %%", percent)
				}
			}})
			c.clearProgress()
			if err != nil {
				return err
			}
			return journal.BuildIndexes(cmd.Context(), args[0])
		},
	}
	cmd.Flags().IntVar(&attempts, "attempts", 10_000_000, "write so many attempts: `N`")
	return cmd
}
