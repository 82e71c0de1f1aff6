package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/config/yamlnode"
	"sidehook/history"
	"sidehook/relay"
	"sidehook/relay/command/manual"
	"sidehook/relay/command/usage"
	operating "sidehook/systemd"
)

// topic is a page of the manual, or a part of one.
type topic struct {
	name     string
	about    string
	section  int // of the man page
	markdown func() string
	parts    []string // the headings of its sections; none for the whole page
}

func topics() []topic {
	return []topic{
		{"config", "webhooks.yaml: every key, choosing events, secrets, a cookbook", 5, config.Manual, nil},
		{"api", "events in, the other calls, metrics", 7, relay.Manual, []string{"Events in", "The other calls", "Metrics"}},
		{"receivers", "what a receiver sees, verifying, retries", 7, relay.Manual,
			[]string{"What a receiver sees", "Verifying", "Rotating a secret", "Retries and receivers in trouble", "Operational events"}},
		{"history", "its files, queries, sending again, backup, upgrading", 5, history.Manual, nil},
		{"operating", "packages, the service, containers, when something is wrong", 7, operating.Manual, nil},
	}
}

func (t topic) page() manual.Page {
	page := manual.Read(t.markdown())
	if t.parts != nil {
		page = page.Sections(t.parts...)
	}
	return page
}

func topicNames() []string {
	var names []string
	for _, t := range topics() {
		names = append(names, t.name)
	}
	return names
}

func (c *cli) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC | COMMAND]",
		Short: "Show a page of the manual, or the help of a command",
		Long: "Shows a page of the manual, or the help of a command. The topics are\n" +
			usage.OneOf(topicNames()...) + ".",
		Example:   "  sidehook help config | less\n  sidehook help send",
		ValidArgs: topicNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if i := slices.Index(topicNames(), args[0]); i >= 0 {
					c.showTopic(cmd.Root(), topics()[i])
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

func (c *cli) showTopic(root *cobra.Command, t topic) {
	t.page().Print(c.out)
	if cmd, _, err := root.Find([]string{t.name}); err == nil && cmd != root {
		c.out.Line()
		c.out.Linef("The command of this name: sidehook %s --help", t.name)
	}
}

func noTopic(root *cobra.Command, name string) error {
	known := topicNames()
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			known = append(known, cmd.Name())
		}
	}
	if near := yamlnode.Nearest(name, known); near != "" {
		return usage.Errorf("unknown topic or command %q; did you mean %q?", name, near)
	}
	return usage.Errorf("unknown topic or command %q; the topics are %s", name, strings.Join(topicNames(), ", "))
}

// helpTemplate is the help of every command; that of sidehook itself ends with
// the topics.
func helpTemplate() string {
	var list strings.Builder
	for _, t := range topics() {
		fmt.Fprintf(&list, "  %-10s  %s\n", t.name, t.about)
	}
	return commandTemplate + "{{if not .HasParent}}\nThe manual, as sidehook help TOPIC:\n" + list.String() + "{{end}}"
}

const commandTemplate = `{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}
{{end}}
Usage: {{.UseLine}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasExample}}

Example:
{{.Example}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}
`
