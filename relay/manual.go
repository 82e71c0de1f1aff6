package relay

import _ "embed"

//go:embed README.md
var manual string

// Manual returns the page of the manual about events in and requests out, in
// Markdown.
func Manual() string { return manual }
