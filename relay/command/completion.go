package command

import "github.com/spf13/cobra"

func (c *cli) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for a shell",
		Long: "Prints a script that completes sidehook's commands and flags in a shell: bash,\n" +
			"zsh, fish or powershell. The shell is to read it at its start.",
		Example: "  echo 'source <(sidehook completion bash)' >> ~/.bashrc\n" +
			"  sidehook completion zsh > \"${fpath[1]}/_sidehook\"\n" +
			"  sidehook completion fish > ~/.config/fish/completions/sidehook.fish",
		Args:      oneArgument("SHELL"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
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
			return usagef("there is no completion for %q; there is for bash, zsh, fish and powershell", args[0])
		},
	}
}
