package command

import (
	"github.com/spf13/cobra"

	"sidehook/relay/command/fileedit"
	"sidehook/relay/command/usage"
	"sidehook/relay/shell"
)

func (c *commands) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a small webhooks.yaml to begin with",
		Long: "Writes a small webhooks.yaml with one webhook and a fresh secret, and prints the\n" +
			"next three commands. A file that is there already is never overwritten.",
		Example: "  sidehook init",
		Args:    func(_ *cobra.Command, args []string) error { return usage.AtMostOne("FILE", args) },
		RunE: func(_ *cobra.Command, args []string) error {
			path := "webhooks.yaml"
			switch {
			case len(args) > 0 && c.Config != "":
				return usage.Together("FILE", "--config")
			case len(args) > 0:
				path = args[0]
			case c.Config != "":
				path = c.Config
			}
			return c.init(path)
		},
	}
}

func (c *commands) init(path string) error {
	if err := fileedit.WriteFirst(path); err != nil {
		return err
	}
	config := ""
	if path != "webhooks.yaml" {
		config = " --config " + shell.Quote(path)
	}
	c.Out.Linef("%s written. Go on with these, each in a terminal of its own:", path)
	c.Out.Linef("    sidehook listen --webhook example%s", config)
	c.Out.Linef("    sidehook run%s", config)
	c.Out.Linef("    sidehook send order.paid --data '{\"order\": 4711}'%s", config)
	return nil
}
