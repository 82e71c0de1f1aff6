package command

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/lmittmann/tint"

	"sidehook/relay/command/terminal"
)

// runLog is the log of run, on stderr.
type runLog struct {
	*slog.Logger
	*logWriter
	// logsFailure says that the error that ends run is logged, so that all lines
	// have the same form. Otherwise it is printed as by other commands.
	logsFailure bool
}

// startLog starts the log of run, which its caller must close. c.err then writes
// to it, too.
func (c *cli) startLog(format, level string) (*runLog, error) {
	var minimum slog.Level
	if !slices.Contains(logLevels, level) || minimum.UnmarshalText([]byte(level)) != nil {
		return nil, invalid("log-level", level, oneOf(logLevels...))
	}
	var handler func(io.Writer) slog.Handler
	switch {
	case format == "json":
		options := slog.HandlerOptions{Level: minimum, ReplaceAttr: readableAttr}
		handler = func(to io.Writer) slog.Handler { return slog.NewJSONHandler(to, &options) }
	case format != "text":
		return nil, invalid("log-format", format, oneOf(logFormats...))
	case c.err.Journal:
		handler = func(to io.Writer) slog.Handler { return journalHandler(to, minimum) }
	default:
		colour := c.err.Colour
		handler = func(to io.Writer) slog.Handler { return textHandler(to, minimum, colour) }
	}
	w := startLogWriter(c.err.Writer, func(lost int) []byte {
		var line bytes.Buffer
		slog.New(handler(&line)).Error("log lines were lost: the log could not be written, or nobody read it", "count", lost)
		return line.Bytes()
	})
	c.err.Writer = w
	return &runLog{slog.New(handler(w)), w, format == "json" || c.err.Journal}, nil
}

var (
	logFormats = []string{"text", "json"}
	logLevels  = []string{"debug", "info", "warn", "error"}
)

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

// bridgeStandardLog connects Go's standard logger to the log of a relay.
func bridgeStandardLog(to *slog.Logger) { log.SetOutput(discardText{to}) }
