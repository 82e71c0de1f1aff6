package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay"
)

func (c *cli) runCommand() *cobra.Command {
	var format, level string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the relay",
		Long: "Runs the relay: takes events in, delivers them, and takes webhooks.yaml up each time\n" +
			"it is saved. SIGTERM and SIGINT end it once the requests under way have ended, a\n" +
			"second one ends it at once, and SIGHUP makes it read the file again.",
		Example: "  sidehook run --config webhooks.yaml",
		Args:    noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := c.logger(format, level)
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), log)
		},
	}
	cmd.Flags().StringVar(&format, "log-format", "text", "`FORMAT`: text or json")
	cmd.Flags().StringVar(&level, "log-level", "info", "the least `LEVEL` that is logged: debug, info, warn or error")
	return cmd
}

func (c *cli) run(ctx context.Context, log *slog.Logger) error {
	file, err := c.load(config.Run)
	if err != nil {
		return err
	}
	warn(log, file)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	b := thisBuild()
	r, err := relay.New(file, relay.Options{
		Log: log, Version: b.Version, Commit: b.Commit,
		Opened: func([]net.Addr) {
			log.Info("sidehook is ready", "version", b.Version, "file", file.Path, "webhooks", len(file.Webhooks))
		},
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	watcher := config.NewWatcher(file, log, func(file *config.File, err error) { apply(r, log, file, err) })
	var beside sync.WaitGroup
	beside.Go(func() {
		// It ends with ctx alone, and without an error.
		_ = watcher.Run(ctx)
	})
	beside.Go(func() { obey(ctx, signals, watcher, stop, log) })
	err = r.Run(ctx)
	stop()
	beside.Wait()
	return err
}

// obey does what signals say until ctx is done. It ends with the first one that
// asks to stop; the next has the effect that it has on any process.
func obey(ctx context.Context, signals <-chan os.Signal, watcher *config.Watcher, stop func(), log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if s == syscall.SIGHUP {
				watcher.Reload()
				continue
			}
			log.Info("stopping; a second signal ends it at once", "signal", s.String())
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			stop()
			return
		}
	}
}

// apply puts an edit in force, or says why not.
func apply(r *relay.Relay, log *slog.Logger, file *config.File, err error) {
	if err == nil {
		warn(log, file)
		err = r.Apply(file)
	}
	if err == nil {
		return
	}
	r.Refused(err)
	var problems config.Problems
	if !errors.As(err, &problems) {
		log.Error("the edit is refused, what was before stays in force", "error", err)
		return
	}
	const most = 20
	for i, p := range problems {
		if i == most {
			log.Error("the edit has more problems, which sidehook check prints", "count", len(problems)-most)
			break
		}
		log.Error("the edit is refused, what was before stays in force", "error", p.String())
	}
}

func warn(log *slog.Logger, file *config.File) {
	for _, p := range file.Warnings {
		p.Warning = false // the level says so
		log.Warn("the configuration is doubtful", "where", p.String())
	}
}
