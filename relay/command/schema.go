package command

import (
	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/command/usage"
)

func (c *commands) schemaCommand() *cobra.Command {
	var include bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of webhooks.yaml",
		Long: "Prints the JSON Schema (2020-12) of webhooks.yaml, with which an editor\n" +
			"completes and checks it. The first line of webhooks.yaml then names it:\n" +
			"# yaml-language-server: $schema=./webhooks.schema.json\n" +
			"With --include it is the schema of a file that include names.",
		Example: "  sidehook schema > webhooks.schema.json",
		Args:    usage.NoArgument,
		RunE: func(*cobra.Command, []string) error {
			schema := config.Schema
			if include {
				schema = config.IncludeSchema
			}
			_, err := c.Out.Write(schema())
			return err
		},
	}
	cmd.Flags().BoolVar(&include, "include", false, "print the schema of a file of include")
	return cmd
}
