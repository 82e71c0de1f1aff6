package command

import "github.com/spf13/cobra"

func (c *cli) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for a shell",
		Long: "Prints a script that completes sidehook's commands and flags in bash, zsh, fish\n" +
			"or powershell. The shell must read it when it starts.",
		Example: "  echo 'source <(sidehook completion bash)' >> ~/.bashrc\n" +
			"  sidehook completion zsh > \"${fpath[1]}/_sidehook\"\n" +
			"  sidehook completion fish > ~/.config/fish/completions/sidehook.fish",
		Args:      oneArgument("SHELL"),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			return usagef("SHELL must be %s, not %q", oneOf(shells...), args[0])
		},
	}
}
