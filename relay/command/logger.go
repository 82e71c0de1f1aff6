package command

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/lmittmann/tint"
)

// runLog is what run logs to, stderr.
type runLog struct {
	*slog.Logger
	*logWriter
	// asLines: what ends run is logged as all else is, so that each line has the
	// same form. Otherwise it is printed as other commands print it.
	asLines bool
}

// startLog makes the log of run, which its caller closes. From then on c.err
// writes to it, too.
func (c *cli) startLog(format, level string) (*runLog, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	least, ok := levels[level]
	if !ok {
		return nil, usagef("--log-level is %q, and must be debug, info, warn or error", level)
	}
	var handler func(io.Writer) slog.Handler
	switch {
	case format == "json":
		options := slog.HandlerOptions{Level: least, ReplaceAttr: readableAttr}
		handler = func(to io.Writer) slog.Handler { return slog.NewJSONHandler(to, &options) }
	case format != "text":
		return nil, usagef("--log-format is %q, and must be text or json", format)
	case c.err.journal:
		handler = func(to io.Writer) slog.Handler { return journalHandler(to, least) }
	default:
		colour := c.err.colour
		handler = func(to io.Writer) slog.Handler { return textHandler(to, least, colour) }
	}
	w := startLogWriter(c.err.Writer, func(lost int) []byte {
		var line bytes.Buffer
		slog.New(handler(&line)).Error("lines of the log are lost, as they could not be written or nobody read them", "count", lost)
		return line.Bytes()
	})
	c.err.Writer = w
	return &runLog{slog.New(handler(w)), w, format == "json" || c.err.journal}, nil
}

// textHandler makes lines for people.
func textHandler(to io.Writer, least slog.Level, colour bool) slog.Handler {
	return tint.NewTextHandler(to, &tint.Options{
		Level: least, TimeFormat: time.DateTime + ".000", NoColor: !colour, ReplaceAttr: cleanAttr,
	})
}

// journalHandler makes lines for systemd's journal: without a time, which the
// journal has itself, and with the priority in front, so that
// journalctl -p warning finds them.
func journalHandler(to io.Writer, least slog.Level) slog.Handler {
	return tint.NewTextHandler(to, &tint.Options{Level: least, NoColor: true, ReplaceAttr: journalAttr})
}

// errorPriority begins a line that the journal is to take for an error.
const errorPriority = "<3>"

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
			return slog.String(a.Key, errorPriority+"ERR")
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

// readableAttr writes a duration as text does, and not in nanoseconds.
func readableAttr(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// cleanAttr makes an attribute safe to print. Where it colours, tint takes \x1b
// in a text that it quotes for an escape of its own and prints that raw, so
// that no text may have it.
func cleanAttr(groups []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindAny:
		if len(groups) == 0 && a.Key == slog.LevelKey {
			return a
		}
		text := clean(fmt.Sprint(a.Value.Any()))
		a.Value = slog.StringValue(strings.ReplaceAll(text, `\x1b`, `\u001b`))
	}
	return a
}

// withheld stands in for the output of Go's standard logger. What net/http says
// there quotes what a receiver sent, secrets among it, and knows of no level and
// no format, so that only the fact that something was said goes on.
type withheld struct{ log *slog.Logger }

func (w withheld) Write(p []byte) (int, error) {
	w.log.Debug("a library had something to say of a connection, which may quote a receiver and is left out")
	return len(p), nil
}

// bridgeStandardLog is for a process that runs a relay.
func bridgeStandardLog(to *slog.Logger) { log.SetOutput(withheld{to}) }
