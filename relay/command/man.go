package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sidehook/relay/command/pages"
	"sidehook/relay/command/usage"
)

// manCommand writes the man pages. It is for people who build packages.
func (c *commands) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the man pages to a folder",
		Long: "Writes the man pages, made of the help of the commands and the pages of the\n" +
			"manual, to a folder, which is made if it is not there.",
		Example: "  sidehook man man",
		Args:    usage.OneArgument("FOLDER"),
		Hidden:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			for _, page := range pages.Man(cmd.Root(), thisBuild().Version) {
				file := filepath.Join(args[0], fmt.Sprintf("%s.%d", page.Name, page.Section))
				if err := os.WriteFile(file, []byte(page.Roff()), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
