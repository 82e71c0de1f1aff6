package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/config/watch"
	"sidehook/relay"
	"sidehook/relay/command/reload"
	"sidehook/relay/command/report"
	"sidehook/relay/command/runlog"
	"sidehook/relay/command/usage"
	"sidehook/relay/memory"
	"sidehook/relay/systemd"
)

func (c *commands) runCommand() *cobra.Command {
	var format, level string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the relay",
		Long: "Runs the relay: accepts events, delivers them, and reloads webhooks.yaml when\n" +
			"it is saved. SIGTERM and SIGINT (Ctrl-C) stop it after the requests in flight\n" +
			"have ended; the same again, a second or more later, forces it to quit. SIGHUP\n" +
			"reloads the file. SIGPIPE is ignored: a log that cannot be written stops\n" +
			"nothing.",
		Example: "  sidehook run --config webhooks.yaml",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := usage.Known("log-format", format, runlog.Formats); err != nil {
				return err
			}
			if err := usage.Known("log-level", level, runlog.Levels); err != nil {
				return err
			}
			log := runlog.Start(c.Err, format, level)
			defer log.Close(logTimeout)
			forceQuit := func() {
				log.Error("forced to quit by another signal")
				log.Close(logTimeout)
				os.Exit(1)
			}
			if err := c.run(cmd.Context(), log.Logger, forceQuit); err != nil {
				c.reportFailure(log, err)
				return usage.ExitCode(1)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "log-format", "text", "log `FORMAT`: "+usage.OneOf(runlog.Formats...))
	cmd.Flags().StringVar(&level, "log-level", "info", "minimum log `LEVEL`: "+usage.OneOf(runlog.Levels...))
	return cmd
}

// logTimeout is how long run waits for the reader of its log before it ends.
const logTimeout = 2 * time.Second

// reportFailure says why run failed.
func (c *commands) reportFailure(log *runlog.Log, err error) {
	var problems config.Problems
	switch isProblems := errors.As(err, &problems); {
	case isProblems && log.LogsFailure:
		reload.LogProblems(log.Logger, "cannot start: "+filepath.Base(problems[0].File)+" has errors", problems)
	case isProblems:
		report.PrintProblems(c.Err, problems)
	case log.LogsFailure:
		log.Error("sidehook failed", "error", err)
	default:
		c.Err.Errorf("sidehook: %s", err)
	}
}

// run runs the relay until a signal stops it. If another signal forces it to quit,
// it calls forceQuit, which does not return.
func (c *commands) run(ctx context.Context, log *slog.Logger, forceQuit func()) error {
	runlog.BridgeStandardLog(log)
	path, err := config.Find(c.Config)
	if err != nil {
		return err
	}
	reading := config.Read(path, config.Run)
	if reading.File == nil {
		return reading.Problems
	}
	file := reading.File
	sockets, err := systemd.Sockets()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	b := thisBuild()
	manager := systemd.New(log)
	reloads := reload.New(log, manager, file)
	limit := memory.Heed(os.DirFS("/"), log)
	headroom := limit.KeepHeadroom()
	defer runtime.KeepAlive(headroom)
	r, err := relay.New(file, relay.Options{
		Log: log, Version: b.Version, Commit: b.Commit, Listeners: sockets, Memory: limit,
		Opened: func([]net.Addr) {
			log.Info("sidehook is ready", "version", b.Version, "file", file.Path, "webhooks", len(file.Webhooks))
			manager.Ready(reload.ActiveStatus(file))
		},
	})
	if err != nil {
		return err
	}
	reloads.Relay = r
	ctx, stop := context.WithCancel(ctx)
	// The watchdog is also fed during the stop, which may take longer than its timeout.
	alive, stopFeeding := context.WithCancel(context.WithoutCancel(ctx))
	watcher := watch.New(reading, log, reloads.Apply)
	var others sync.WaitGroup
	others.Go(func() {
		// It ends only with ctx, and without an error.
		_ = watcher.Run(ctx)
	})
	others.Go(func() {
		if s := handleSignals(ctx, signals, func() { reloads.Reload(watcher) }); s != nil {
			first := time.Now()
			message := "stopping: waiting for requests in flight"
			manager.Stopping(message)
			if s == os.Interrupt {
				message += "; press Ctrl-C again to force quit"
			}
			log.Info(message, "signal", s.String())
			stop()
			if stopsAgain(alive, signals, first) {
				forceQuit()
			}
		}
	})
	others.Go(func() { manager.Feed(alive, r.Healthy) })
	err = r.Run(ctx)
	if err != nil {
		manager.Stopping("failed: " + err.Error())
	}
	stop()
	stopFeeding()
	others.Wait()
	return err
}

// handleSignals reloads on SIGHUP until another signal asks to stop, and returns
// that signal, or nil after ctx is done. The next signal must be handled here, too:
// a process that was started with SIGINT ignored, such as in the background of a
// script, would otherwise ignore it.
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

// sameSignal is how long after the first signal another one counts as the same.
// timeout(1) sends a signal to the process and then to its group, and so does a
// shell that passes on a signal of its terminal.
const sameSignal = time.Second

// stopsAgain reports whether another signal asks to stop before ctx is done, at
// least sameSignal after the first.
func stopsAgain(ctx context.Context, signals <-chan os.Signal, first time.Time) bool {
	for handleSignals(ctx, signals, func() {}) != nil {
		if time.Since(first) >= sameSignal {
			return true
		}
	}
	return false
}
