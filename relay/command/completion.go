package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/command/develop"
	"sidehook/relay/command/runlog"
	"sidehook/relay/command/usage"
)

func (c *commands) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for a shell",
		Long: "Prints a script for bash, zsh, fish or powershell. It completes commands, flags\n" +
			"and names: webhooks, event types, statuses and log levels. The shell must read\n" +
			"it when it starts.",
		Example: "  echo 'source <(sidehook completion bash)' >> ~/.bashrc\n" +
			"  sidehook completion zsh > \"${fpath[1]}/_sidehook\"\n" +
			"  sidehook completion fish > ~/.config/fish/completions/sidehook.fish",
		Args:      usage.OneArgument("SHELL"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.Out, true)
			case "zsh":
				return root.GenZshCompletion(c.Out)
			case "fish":
				return root.GenFishCompletion(c.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.Out)
			}
			return usage.Errorf("SHELL must be %s, not %q", usage.OneOf(shells...), args[0])
		},
	}
}

// completer returns the words that may stand in a place. It is nil where a file may.
type completer func() []string

// complete sets the completions of each flag and argument of a command. A
// flag has the same meaning in every command, and so has the name of an argument.
func (c *commands) complete(cmd *cobra.Command) {
	cmd.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	words := func(list ...string) completer { return func() []string { return list } }
	webhooks := func() []string { return c.Known().Webhooks }
	types := func() []string { return c.Known().Types() }
	globs := func() []string {
		k := c.Known()
		return slices.Compact(slices.Sorted(slices.Values(append(k.Types(), k.Events...))))
	}
	statuses := textsOf(history.Statuses())
	if cmd.Name() == "resend" {
		statuses = textsOf(history.Ends())
	}
	spans := words("15m", "1h", "24h", "7d", "30d")
	for flag, complete := range map[string]completer{
		"webhook": webhooks, "to": webhooks, "type": globs, "event": globs, "status": words(statuses...), "state": words(api.WebhookStates()...),
		"code": words("2xx", "3xx", "4xx", "5xx"), "since": spans, "until": spans,
		"log-level": words(runlog.Levels...), "log-format": words(runlog.Formats...), "profile": words(develop.Profiles()...),
		"allow":  words("http", "any-host", "short-secret"),
		"config": nil, "data": nil, "secret-file": nil, "file": nil,
	} {
		if cmd.LocalFlags().Lookup(flag) != nil {
			cmd.RegisterFlagCompletionFunc(flag, completing(complete)) // fails only for a flag that is not there
		}
	}
	_, argument, _ := strings.Cut(cmd.Use, " ")
	argument, _, _ = strings.Cut(argument, " ")
	switch argument = strings.Trim(argument, "[]"); {
	case cmd.Name() == "add": // a new name
	case argument == "NAME", argument == "WEBHOOK":
		cmd.ValidArgsFunction = firstOnly(completing(webhooks))
	case argument == "TYPE":
		cmd.ValidArgsFunction = firstOnly(completing(types))
	case argument == "FILE":
		cmd.ValidArgsFunction = firstOnly(completing(nil))
	}
}

func textsOf[T ~string](list []T) (texts []string) {
	for _, word := range list {
		texts = append(texts, string(word))
	}
	return texts
}

// completing adapts a completer to cobra. After a comma another word begins.
func completing(complete completer) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if complete == nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		given := begun[:strings.LastIndex(begun, ",")+1]
		var list []string
		for _, word := range complete() {
			if strings.HasPrefix(given+word, begun) {
				list = append(list, given+word)
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// firstOnly completes the first argument, and no more.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}
