package command

import (
	"fmt"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/lmittmann/tint"
)

// logger makes what the relay logs to, stderr.
func (c *cli) logger(format, level string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	least, ok := levels[level]
	if !ok {
		return nil, usagef("--log-level is %q, and must be debug, info, warn or error", level)
	}
	switch format {
	case "text":
		return textLogger(c.err, least), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: least, ReplaceAttr: readableAttr})), nil
	}
	return nil, usagef("--log-format is %q, and must be text or json", format)
}

func textLogger(to *screen, least slog.Level) *slog.Logger {
	return slog.New(tint.NewTextHandler(to, &tint.Options{
		Level: least, TimeFormat: time.DateTime + ".000", NoColor: !to.colour, ReplaceAttr: cleanAttr,
	}))
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
