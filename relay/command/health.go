package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/usage"
)

func (c *commands) healthCommand() *cobra.Command {
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Check whether the relay is alive",
		Long: "Asks the running relay whether it is alive, or with --ready, whether it accepts\n" +
			"events. The exit code is 0 if so, for probes that can only run a command.",
		Example: "  sidehook health --ready",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, state := api.HealthPath, "alive"
			if ready {
				path, state = api.ReadyPath, "ready"
			}
			relay, err := c.Relay(cmd.Context())
			if err != nil {
				return err
			}
			var answer json.RawMessage
			if err := relay.Get(cmd.Context(), path, &answer); err != nil {
				return fmt.Errorf("not %s: %w", state, err)
			}
			c.Out.Linef("%s", state)
			return nil
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it accepts events")
	return cmd
}
