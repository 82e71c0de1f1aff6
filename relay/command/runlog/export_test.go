package runlog

import (
	"io"
	"log/slog"
)

// StartWriter is startWriter.
var StartWriter = startWriter

// MaxPending is how much of a log waits for its reader.
const MaxPending = maxPending

// Coloured returns the logger of a terminal.
func Coloured(w io.Writer) *slog.Logger {
	return slog.New(textHandler(w, slog.LevelInfo, true))
}
