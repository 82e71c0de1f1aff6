// Package runlog is the log of a relay, on stderr: text for people, JSON, or lines
// for systemd's journal.
//
// It promises, beside L1 to L3 below, that no control character that came from
// outside is printed raw, and that nothing a receiver sent is logged through Go's
// standard logger.
//
// The commands run and demo call it.
package runlog

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/lmittmann/tint"

	"sidehook/relay/command/terminal"
)

// Log is the log of a process that runs a relay.
type Log struct {
	*slog.Logger
	*writer
	// LogsFailure says that the error that ends the process must be logged, so that
	// all lines have the same form. Otherwise it is printed as by other commands.
	LogsFailure bool
}

// Formats and levels, as people give them.
var (
	Formats = []string{"text", "json"}
	Levels  = []string{"debug", "info", "warn", "error"}
)

// Start starts a log on stderr in one of Formats and at one of Levels. Its caller
// must close it. The screen then writes to it, too.
func Start(stderr *terminal.Screen, format, level string) *Log {
	minimum := minimumLevel(level)
	handler := func(to io.Writer) slog.Handler { return textHandler(to, minimum, stderr.Colour) }
	switch {
	case format == "json":
		options := slog.HandlerOptions{Level: minimum, ReplaceAttr: readableAttr}
		handler = func(to io.Writer) slog.Handler { return slog.NewJSONHandler(to, &options) }
	case stderr.Journal:
		handler = func(to io.Writer) slog.Handler { return journalHandler(to, minimum) }
	}
	w := startWriter(stderr.Writer, func(lost int) []byte {
		var line bytes.Buffer
		slog.New(handler(&line)).Error("log lines were lost: the log could not be written, or nobody read it", "count", lost)
		return line.Bytes()
	})
	stderr.Writer = w
	return &Log{slog.New(handler(w)), w, format == "json" || stderr.Journal}
}

func minimumLevel(name string) slog.Level {
	var level slog.Level
	// It stays at info for a name that is not one of Levels.
	_ = level.UnmarshalText([]byte(name))
	return level
}

// Text returns a logger that writes all levels for people, without colours.
func Text(to io.Writer) *slog.Logger { return slog.New(textHandler(to, slog.LevelDebug, false)) }

// textHandler writes lines for people.
func textHandler(to io.Writer, minimum slog.Level, colour bool) slog.Handler {
	return tint.NewTextHandler(to, &tint.Options{
		Level: minimum, TimeFormat: time.DateTime + ".000", NoColor: !colour, ReplaceAttr: cleanAttr,
	})
}

// journalHandler writes lines for systemd's journal: without a time, which the
// journal adds, and with a priority, so that journalctl -p warning finds them.
func journalHandler(to io.Writer, minimum slog.Level) slog.Handler {
	return tint.NewTextHandler(to, &tint.Options{Level: minimum, NoColor: true, ReplaceAttr: journalAttr})
}

func journalAttr(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return cleanAttr(groups, a)
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.Attr{}
	case slog.LevelKey:
		level, ok := a.Value.Any().(slog.Level)
		switch {
		case !ok:
		case level >= slog.LevelError:
			return slog.String(a.Key, terminal.ErrorPriority+"ERR")
		case level >= slog.LevelWarn:
			return slog.String(a.Key, "<4>WRN")
		case level >= slog.LevelInfo:
			return slog.String(a.Key, "<6>INF")
		default:
			return slog.String(a.Key, "<6>DBG")
		}
	}
	return cleanAttr(groups, a)
}

// readableAttr formats a duration as text does, not in nanoseconds.
func readableAttr(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// cleanAttr makes an attribute safe to print. With colours, tint prints \x1b in a
// quoted text as a raw escape, so no text may have it.
func cleanAttr(groups []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		if len(groups) == 0 && a.Key == slog.LevelKey {
			return a
		}
		text := terminal.Clean(fmt.Sprint(a.Value.Any()))
		a.Value = slog.StringValue(strings.ReplaceAll(text, `\x1b`, `\u001b`))
	}
	return a
}

// discardText is the output of Go's standard logger. net/http logs there without
// level and format, and quotes what a receiver sent, which may be secret. Only the
// fact is logged.
type discardText struct{ log *slog.Logger }

func (w discardText) Write(p []byte) (int, error) {
	w.log.Debug("net/http logged a message about a connection; the text is omitted because it may quote a receiver")
	return len(p), nil
}

// BridgeStandardLog connects Go's standard logger to the log of a relay.
func BridgeStandardLog(to *slog.Logger) { log.SetOutput(discardText{to}) }
