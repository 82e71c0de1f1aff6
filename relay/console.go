package relay

import (
	"sidehook/config"
	"sidehook/relay/console"
	"sidehook/relay/console/session"
	"sidehook/relay/editing"
)

// mountConsole mounts the console, unless the file has it off.
func (r *Relay) mountConsole(allowed string) {
	if allowed == config.ConsoleOff {
		return
	}
	level := session.View
	if allowed == config.ConsoleEdit {
		level = session.Edit
	}
	r.console = console.New(r.operator, console.Options{
		Version: r.opts.Version, Sessions: r.sessions, Level: level, Tokens: r.server,
		Editor: editing.New(r.operator, r.log), Source: r.operator, Stopping: r.server.Stopping(), Log: r.log,
	})
	r.server.Mount(r.console)
}
