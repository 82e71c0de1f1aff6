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
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/config/watch"
	"sidehook/relay"
	"sidehook/relay/memory"
	"sidehook/relay/systemd"
)

func (c *cli) runCommand() *cobra.Command {
	var format, level string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the relay",
		Long: "Runs the relay: takes events in, delivers them, and takes webhooks.yaml up each time\n" +
			"it is saved. SIGTERM and SIGINT end it once the requests under way have ended; another\n" +
			"one, a second or more after the first, ends it at once. SIGHUP makes it read the file\n" +
			"again. SIGPIPE is ignored: a log that cannot be written ends nothing.",
		Example: "  sidehook run --config webhooks.yaml",
		Args:    noArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := c.startLog(format, level)
			if err != nil {
				return err
			}
			defer log.Close(logPatience)
			forced := func() {
				log.Error("ended at once by another signal")
				log.Close(logPatience)
				os.Exit(1)
			}
			if err := c.run(cmd.Context(), log.Logger, forced); err != nil {
				c.failed(log, err)
				return exitCode(1)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "log-format", "text", "`FORMAT`: text or json")
	cmd.Flags().StringVar(&level, "log-level", "info", "the least `LEVEL` that is logged: debug, info, warn or error")
	return cmd
}

// logPatience is how long the end of run waits for the reader of its log.
const logPatience = 2 * time.Second

// failed says why run has ended.
func (c *cli) failed(log *runLog, err error) {
	var problems config.Problems
	switch isProblems := errors.As(err, &problems); {
	case isProblems && log.asLines:
		logProblems(log.Logger, "sidehook does not start with this file", problems)
	case isProblems:
		c.complain(problems)
	case log.asLines:
		log.Error("sidehook has failed", "error", err)
	default:
		c.err.errorf("sidehook: %s", err)
	}
}

// run runs the relay until a signal ends it. A signal that ends it at once calls
// forced, which does not return.
func (c *cli) run(ctx context.Context, log *slog.Logger, forced func()) error {
	bridgeStandardLog(log)
	path, err := config.Find(c.config)
	if err != nil {
		return err
	}
	file, err := config.Load(path, config.Run)
	if err != nil {
		return err
	}
	sockets, err := systemd.Sockets()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	b := thisBuild()
	manager := systemd.New(log)
	edits := &edits{log: log, manager: manager}
	edits.warn(file)
	limit := memory.Heed(os.DirFS("/"), log)
	r, err := relay.New(file, relay.Options{
		Log: log, Version: b.Version, Commit: b.Commit, Listeners: sockets, Memory: limit,
		Opened: func([]net.Addr) {
			log.Info("sidehook is ready", "version", b.Version, "file", file.Path, "webhooks", len(file.Webhooks))
			manager.Ready(inForce(file))
		},
	})
	if err != nil {
		return err
	}
	edits.relay = r
	ctx, stop := context.WithCancel(ctx)
	// It is fed also while it stops, which may take longer than the watchdog waits.
	alive, starve := context.WithCancel(context.WithoutCancel(ctx))
	watcher := watch.New(file, log, edits.apply)
	var beside sync.WaitGroup
	beside.Go(func() {
		// It ends with ctx alone, and without an error.
		_ = watcher.Run(ctx)
	})
	beside.Go(func() {
		if s := handleSignals(ctx, signals, func() { edits.reload(watcher) }); s != nil {
			begun := time.Now()
			log.Info("stopping; another signal, a second or more from now, ends it at once", "signal", s.String())
			manager.Stopping("stopping: the requests under way end")
			stop()
			if stopsAgain(alive, signals, begun) {
				forced()
			}
		}
	})
	beside.Go(func() { manager.Feed(alive, r.Healthy) })
	err = r.Run(ctx)
	if err != nil {
		manager.Stopping("failed: " + err.Error())
	}
	stop()
	starve()
	beside.Wait()
	return err
}

// handleSignals reloads on SIGHUP, until ctx is done. It returns the first signal that
// asks to stop. The next one is handled, too, not left to the system: a process that
// was started with SIGINT ignored, in the background of a script, would go on
// ignoring it.
func handleSignals(ctx context.Context, signals <-chan os.Signal, reload func()) os.Signal {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-signals:
			if s != syscall.SIGHUP {
				return s
			}
			reload()
		}
	}
}

// sameSignal is how long after the first signal that asks to stop another one is
// taken for the same: timeout(1), for one, sends it to the process and then to the
// process group, and so does a shell that passes on what its terminal sent.
const sameSignal = time.Second

// stopsAgain reports whether another signal asks to stop, later than sameSignal
// after the first, before ctx is done.
func stopsAgain(ctx context.Context, signals <-chan os.Signal, first time.Time) bool {
	for handleSignals(ctx, signals, func() {}) != nil {
		if time.Since(first) >= sameSignal {
			return true
		}
	}
	return false
}
