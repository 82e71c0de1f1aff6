package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/transfer"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

func (c commands) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import",
		Short: "Copy the local history into the database",
		Long: "Copies the files of history.dir into the tables of cluster.schema, which must be\n" +
			"empty. Events keep their numbers, and deliveries that wait go on from there.\n" +
			"The relay must be stopped, and no other may run with the cluster. If the import\n" +
			"is interrupted, run it again: it goes on where it was, and no relay starts with\n" +
			"the cluster before it has ended. The files stay as they are.",
		Example: "  sidehook cluster import",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.transfer(cmd.Context(), func(ctx context.Context, file *config.File, o transfer.Options) error {
				done, err := transfer.Import(ctx, file.History.Dir, o)
				if err != nil {
					return fmt.Errorf("import %s: %w", file.History.Dir, err)
				}
				c.Out.Linef("%s: imported %s and %s", file.Cluster.Postgres.Redacted(), measure.Count(int(done.Events), "event"), records(done.Attempts))
				if done.Damaged > 0 {
					c.Out.Linef("left out %s; sidehook history check names them", measure.Count(done.Damaged, "damaged line"))
				}
				return nil
			})
		},
	}
}

func (c commands) exportCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "export --to DIR",
		Short: "Copy the history in the database into files",
		Long: "Writes the history of the cluster into a new folder, as the files that a relay\n" +
			"without a cluster has: to go back, make the folder history.dir and remove\n" +
			"cluster from webhooks.yaml. Events keep their numbers, and deliveries that\n" +
			"wait go on. All relays of the cluster must be stopped. The folder is named\n" +
			"DIR.partial until it is complete.",
		Example: "  sidehook cluster export --to /var/lib/sidehook/history",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usage.Errorf("--to is required: the folder to write")
			}
			return c.transfer(cmd.Context(), func(ctx context.Context, _ *config.File, o transfer.Options) error {
				done, err := transfer.Export(ctx, to, o)
				if err != nil {
					return fmt.Errorf("export to %s: %w", to, err)
				}
				c.Out.Linef("%s: %s and %s", to, measure.Count(int(done.Events), "event"), records(done.Attempts))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "write the files into this `DIR`")
	return cmd
}

// transfer opens the database of the cluster for a transfer.
func (c commands) transfer(ctx context.Context, do func(context.Context, *config.File, transfer.Options) error) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	db, err := database.Open(database.Options{
		URL: file.Cluster.Postgres.Reveal(), Schema: file.Cluster.Schema, Sync: database.Sync(file.Cluster.Sync), Name: "sidehook transfer",
	})
	if err != nil {
		return err
	}
	defer db.Close()
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.CheckSchema(asking); err != nil && !errors.Is(err, database.ErrImporting) {
		return fmt.Errorf("%s: %w", file.Cluster.Postgres.Redacted(), err)
	}
	return do(ctx, file, transfer.Options{DB: db, Progress: c.transferred()})
}

// records are of the deliveries: attempts, and the states of webhooks.
func records(n uint64) string { return measure.Count(int(n), "record") + " of deliveries" }

// transferred returns a function that prints the progress of a transfer every five seconds.
func (c commands) transferred() func(records, total uint64) {
	said := time.Now()
	return func(n, total uint64) {
		if time.Since(said) < 5*time.Second {
			return
		}
		said = time.Now()
		c.Err.Linef("%d of %d records", n, total)
	}
}
