package command

import (
	"github.com/spf13/cobra"

	"sidehook/config"
)

func (c *cli) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of webhooks.yaml",
		Long: "Prints the JSON Schema (2020-12) of webhooks.yaml, with which an editor\n" +
			"completes and checks it. The first line of webhooks.yaml then names it:\n" +
			"# yaml-language-server: $schema=./webhooks.schema.json",
		Example: "  sidehook schema > webhooks.schema.json",
		Args:    noArgument,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(config.Schema())
			return err
		},
	}
}
