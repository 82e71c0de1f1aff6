package config

import _ "embed"

//go:embed README.md
var manual string

// Manual returns the page of the manual about webhooks.yaml, in Markdown.
func Manual() string { return manual }
