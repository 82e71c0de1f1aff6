// Package systemd holds what operators install, and the page of the manual about
// running sidehook. The commands help and man print the page.
package systemd

import _ "embed"

//go:embed README.md
var manual string

// Manual returns the page of the manual about running sidehook, in Markdown.
func Manual() string { return manual }
