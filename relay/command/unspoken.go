package command

import (
	"log"
	"log/slog"
)

// unspoken stands in for the output of Go's standard logger. What net/http says
// there quotes what a receiver sent, secrets among it, and knows of no level and
// no format, so that only the fact that something was said goes on.
type unspoken struct{ log *slog.Logger }

func (u unspoken) Write(p []byte) (int, error) {
	u.log.Debug("a library had something to say of a connection, which may quote a receiver and is left out")
	return len(p), nil
}

// bridgeStandardLog is for a process that runs a relay.
func bridgeStandardLog(to *slog.Logger) { log.SetOutput(unspoken{to}) }
