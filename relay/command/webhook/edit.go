package webhook

import (
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/relay/command/fileedit"
	"sidehook/relay/command/usage"
)

func (c commands) addCommand() *cobra.Command {
	var f fileedit.Flags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "add NAME --url URL --event TYPE",
		Short: "Add a webhook to webhooks.yaml",
		Long: "Adds a webhook to webhooks.yaml. All else in the file stays as it is, byte for\n" +
			"byte. A running relay uses the new webhook within a second or two.",
		Example: "  sidehook webhook add crm --url https://crm.example.com/hooks \\\n" +
			"    --event 'order.*' --generate-secret\n" +
			"  sidehook webhook add dev --url http://localhost:9000/ --event '**' \\\n" +
			"    --allow http,any-host,127.0.0.0/8 --set 'retry=[1s, 5s]'",
		Args: usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if f.URL == "" {
				return usage.Missing("--url")
			}
			if len(f.Events) == 0 {
				return usage.Missing("--event")
			}
			return c.editor(dryRun).Add(args[0], &f)
		},
	}
	f.Add(cmd)
	dryRunFlag(cmd, &dryRun)
	cmd.Flags().StringVar(&f.File, "file", "", "add it to this `FILE` of include, which is made if need be")
	return cmd
}

func (c commands) editCommand() *cobra.Command {
	var f fileedit.Flags
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change a webhook in webhooks.yaml",
		Long: "Changes keys of a webhook in webhooks.yaml. All else in the file stays as it is,\n" +
			"byte for byte. --set name=NEW renames it: what waits follows to the new name.",
		Example: "  sidehook webhook edit crm --set timeout=30s --unset description\n" +
			"  sidehook webhook edit crm --header X-Team=sales --dry-run",
		Args: usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.editor(dryRun).Change(args[0], &f)
		},
	}
	f.Add(cmd)
	dryRunFlag(cmd, &dryRun)
	cmd.Flags().StringArrayVar(&f.Unset, "unset", nil, "take this `KEY` away, such as timeout or headers.X-Team; repeat it")
	return cmd
}

func (c commands) removeCommand() *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a webhook from webhooks.yaml",
		Long: "Removes a webhook from webhooks.yaml. Deliveries that wait for it are kept for\n" +
			"24h in case it comes back, and then end as canceled.",
		Example: "  sidehook webhook remove crm --yes",
		Args:    usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			question := fmt.Sprintf("Remove the webhook %s from the file?", name)
			if err := c.Confirm(yes || dryRun, "remove "+name, question, "nothing was removed"); err != nil {
				return err
			}
			return c.editor(dryRun).Remove(name)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	dryRunFlag(cmd, &dryRun)
	return cmd
}

// webhookSwitchCommand is a command that sets one key that is true or false.
func (c commands) switchCommand(name, key, value, short, long, done string) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:     name + " NAME",
		Short:   short,
		Long:    long,
		Example: "  sidehook webhook " + name + " crm",
		Args:    usage.OneArgument("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.editor(dryRun).Switch(args[0], key, value, done)
		},
	}
	dryRunFlag(cmd, &dryRun)
	return cmd
}

// editor returns the Editor of the file of this run.
func (c commands) editor(dryRun bool) *fileedit.Editor {
	return &fileedit.Editor{Config: c.Config, Out: c.Out, Err: c.Err, DryRun: dryRun}
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "print what would change in the file, and change nothing")
}
