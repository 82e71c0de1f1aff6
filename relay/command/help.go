package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/config/yamlnode"
	"sidehook/relay/command/pages"
	"sidehook/relay/command/usage"
)

func (c *commands) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC | COMMAND]",
		Short: "Show a page of the manual, or the help of a command",
		Long: "Shows a page of the manual, or the help of a command. The topics are\n" +
			usage.OneOf(pages.TopicNames()...) + ".",
		Example:   "  sidehook help config | less\n  sidehook help send",
		ValidArgs: pages.TopicNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if i := slices.Index(pages.TopicNames(), args[0]); i >= 0 {
					c.showTopic(cmd.Root(), pages.Topics()[i])
					return nil
				}
			}
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noTopic(cmd.Root(), strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

func (c *commands) showTopic(root *cobra.Command, t pages.Topic) {
	t.Page().Print(c.Out)
	if cmd, _, err := root.Find([]string{t.Name}); err == nil && cmd != root {
		c.Out.Line()
		c.Out.Linef("The command of this name: sidehook %s --help", t.Name)
	}
}

func noTopic(root *cobra.Command, name string) error {
	known := pages.TopicNames()
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			known = append(known, cmd.Name())
		}
	}
	if near := yamlnode.Nearest(name, known); near != "" {
		return usage.Errorf("unknown topic or command %q; did you mean %q?", name, near)
	}
	return usage.Errorf("unknown topic or command %q; the topics are %s", name, strings.Join(pages.TopicNames(), ", "))
}
