package relay

import (
	"sidehook/relay/console"
	"sidehook/relay/editing"
	"sidehook/relay/httpd"
)

// Calls returns the calls of the API.
func (r *Relay) Calls() []httpd.Call { return r.server.Calls() }

// ConsoleEditor is the editor of the console.
type ConsoleEditor interface {
	console.Editor
	console.Source
}

// Editor returns it.
func (r *Relay) Editor() ConsoleEditor {
	return struct {
		*editing.Editor
		console.Source
	}{editing.New(r.operator, r.log), r.operator}
}
