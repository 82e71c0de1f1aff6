package history

import _ "embed"

//go:embed README.md
var manual string

// Manual returns the page of the manual about the history, in Markdown.
func Manual() string { return manual }
