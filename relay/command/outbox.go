package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/command/usage"
	"sidehook/relay/outbox"
)

func (c *commands) outboxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox COMMAND",
		Short: "Prepare databases that events come from",
		Long: "An application calls sidehook.send in its own database, in the transaction that\n" +
			"makes an event true. The relay takes the events from there.",
		Example: "  sidehook outbox init",
	}
	cmd.AddCommand(c.outboxInitCommand())
	return cmd
}

func (c *commands) outboxInitCommand() *cobra.Command {
	var apply bool
	var roles []string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Print or run the SQL of the outbox",
		Long: "Prints the SQL that makes the outbox in a PostgreSQL: the schema sidehook, its\n" +
			"tables and the function sidehook.send. With --apply it is run in each database\n" +
			"of outbox.postgres in webhooks.yaml, as the role of its URL, which then owns\n" +
			"it. It may be run again. A role that --role names may then send events, and\n" +
			"do nothing else.",
		Example: "  sidehook outbox init --role app | psql app\n  sidehook outbox init --apply --role app",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, role := range roles {
				if role == "" {
					return usage.Errorf("--role must not be empty")
				}
			}
			if apply {
				return c.applyOutbox(cmd.Context(), roles)
			}
			_, err := c.Out.Write([]byte(outbox.SQL(roles...)))
			return err
		},
	}
	cmd.Flags().BoolVar(&apply, "apply", false, "run the SQL in each database of the file")
	cmd.Flags().StringArrayVar(&roles, "role", nil, "let the `ROLE` of an application send events; repeatable")
	return cmd
}

// applyOutbox makes the outbox of each database of the file. It goes on after one that
// fails.
func (c *commands) applyOutbox(ctx context.Context, roles []string) error {
	file, err := c.Load(config.Databases)
	if err != nil {
		return err
	}
	if len(file.Outbox.Postgres) == 0 {
		return fmt.Errorf("%s has no outbox; write outbox: {postgres: …} with the URL of the database", file.Path)
	}
	failed := false
	for _, u := range file.Outbox.Postgres {
		d, err := outbox.ParseDatabase(u.Reveal(), u.Redacted())
		if err == nil {
			err = outbox.Init(ctx, d, roles...)
		}
		if err != nil {
			failed = true
			c.Err.Errorf("sidehook: %s", err)
			continue
		}
		c.Out.Linef("%s: the outbox is ready", d)
	}
	if failed {
		return usage.ExitCode(1)
	}
	return nil
}
