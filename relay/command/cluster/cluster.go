// Package cluster has the commands about the PostgreSQL of a cluster: its tables, its state,
// and copying a history into it and out of it. It asks the database itself, since no relay
// need run. relay/command calls it.
package cluster

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/history/postgres/database"
	"sidehook/relay/command/cli"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

// commands are the commands of one run.
type commands struct{ *cli.Program }

// Command returns cluster, with what is below it.
func Command(p *cli.Program) *cobra.Command { return commands{p}.cluster() }

func (c commands) cluster() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster COMMAND",
		Short: "Prepare and look at the PostgreSQL of a cluster",
		Long: "With cluster in webhooks.yaml the history is in a PostgreSQL, which several\n" +
			"relays share.",
		Example: "  sidehook cluster status",
	}
	cmd.AddCommand(c.initCommand(), c.statusCommand(), c.importCommand(), c.exportCommand())
	return cmd
}

func (c commands) initCommand() *cobra.Command {
	var apply bool
	var role string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Print or run the SQL of the history",
		Long: "Prints the SQL that makes the tables of cluster.schema in webhooks.yaml, or\n" +
			"brings them up to date. With --apply it is run in cluster.postgres, as the role\n" +
			"of that URL, which then owns them. It may be run again. To have the relay work\n" +
			"as another role, which may read and write and nothing else, name it with --role\n" +
			"and run the SQL as the owner.",
		Example: "  sidehook cluster init --role sidehook | psql -v ON_ERROR_STOP=1 --username owner sidehook\n  sidehook cluster init --apply",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if role == "" && cmd.Flags().Changed("role") {
				return usage.Errorf("--role must not be empty")
			}
			file, err := c.file()
			if err != nil {
				return err
			}
			if apply {
				if err := database.Install(cmd.Context(), file.Cluster.Postgres.Reveal(), file.Cluster.Schema, role); err != nil {
					return fmt.Errorf("prepare %s: %w", file.Cluster.Postgres.Redacted(), err)
				}
				c.Out.Linef("%s: schema %s is ready", file.Cluster.Postgres.Redacted(), file.Cluster.Schema)
				return nil
			}
			script, err := database.Script(file.Cluster.Schema, role)
			if err != nil {
				return err
			}
			_, err = c.Out.Write([]byte(script))
			return err
		},
	}
	cmd.Flags().BoolVar(&apply, "apply", false, "run the SQL in the database of the file")
	cmd.Flags().StringVar(&role, "role", "", "let this `ROLE` read and write, as the relay does")
	return cmd
}

func (c commands) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the database and the members of a cluster",
		Long: "Asks the database of cluster.postgres how it stands: its version, what a commit\n" +
			"promises and how long one takes, how much it has, and the members with the\n" +
			"webhooks that each owns. Members with another generation have another file. The\n" +
			"exit code is 1 if a relay could not work with it.",
		Example: "  sidehook cluster status",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := c.file()
			if err != nil {
				return err
			}
			return c.status(cmd.Context(), &file.Cluster)
		},
	}
}

// file reads which database the cluster has.
func (c commands) file() (*config.File, error) {
	file, err := c.Load(config.ClusterDatabase)
	if err != nil {
		return nil, err
	}
	if !file.Cluster.Given() {
		return nil, fmt.Errorf("%s has no cluster; write cluster: {postgres: …} with the URL of the database", file.Path)
	}
	return file, nil
}

// commitTimeout is how long a commit may take before it counts as not answered.
const commitTimeout = 3 * time.Second

func (c commands) status(ctx context.Context, cluster *config.Cluster) error {
	// The connection is not refused for what it promises, so that this can be shown.
	db, err := database.Open(database.Options{URL: cluster.Postgres.Reveal(), Schema: cluster.Schema, Readers: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.CheckSchema(ctx); err != nil {
		return fmt.Errorf("%s: %w", cluster.Postgres.Redacted(), err)
	}
	s, err := db.Status(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", cluster.Postgres.Redacted(), err)
	}
	c.Out.Linef("database     %s, PostgreSQL %s, schema %s", cluster.Postgres.Redacted(), s.Server, cluster.Schema)
	c.Out.Linef("events       %d, and %d attempts, in %s and %d partitions", s.Events, s.Attempts, measure.Size(s.Bytes), s.Partitions)
	problem := s.SyncProblem(database.Sync(cluster.Sync))
	if problem != nil {
		c.Out.Line("commits      ", c.Out.Paint(terminal.Red, "not safe: "+problem.Error()))
	} else {
		c.Out.Linef("commits      synchronous_commit = %s, synchronous_standby_names = '%s'", s.Commit, s.Standbys)
		problem = c.tryCommit(ctx, db)
	}
	if len(s.Members) == 0 {
		c.Out.Linef("members      none")
	} else {
		c.Out.Linef("")
		c.printMembers(s.Members, cluster.Lease)
	}
	if problem != nil {
		return usage.ExitCode(1)
	}
	return nil
}

// tryCommit shows how long a commit takes, and returns why it was not answered.
func (c commands) tryCommit(ctx context.Context, db *database.DB) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	began := time.Now()
	err := db.TryCommit(ctx)
	switch {
	case err == nil:
		c.Out.Linef("             one took %s", time.Since(began).Round(100*time.Microsecond))
	case ctx.Err() != nil:
		c.Out.Line("             ", c.Out.Paint(terminal.Red, "one has no answer after "+commitTimeout.String()+": a synchronous standby is down or slow; see pg_stat_replication on the primary"))
	default:
		c.Out.Line("             ", c.Out.Paint(terminal.Red, terminal.Clean("one failed: "+err.Error())))
	}
	return err
}

func (c commands) printMembers(members []database.Member, lease time.Duration) {
	table := terminal.Table{To: c.Out}
	table.Add(terminal.Heads("MEMBER", "LAST BEAT", "WEBHOOKS", "GENERATION")...)
	for _, m := range members {
		beat := terminal.Cell{Text: measure.Span(m.Silent) + " ago"}
		if m.Silent > lease {
			beat = terminal.Cell{Text: beat.Text + ", silent", Style: terminal.Red}
		}
		table.Add(terminal.Cell{Text: m.Name}, beat, terminal.Cell{Text: strconv.Itoa(m.Webhooks)}, terminal.Cell{Text: strconv.FormatInt(m.Generation, 10)})
	}
	table.Print()
}
