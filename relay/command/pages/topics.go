// Package pages is what there is to read: the topics of the manual, the help of each
// command, and the man pages that are made of both.
//
// It promises that a man page has every command and flag that is not hidden, in the words
// of its help. The commands help and man of relay/command call it.
package pages

import (
	"fmt"
	"strings"

	"sidehook/config"
	"sidehook/history"
	"sidehook/relay"
	"sidehook/relay/command/manual"
	operating "sidehook/systemd"
)

// Topic is a page of the manual, or a part of one.
type Topic struct {
	Name     string
	about    string
	section  int // of the man page
	markdown func() string
	parts    []string // the headings of its sections; none for the whole page
}

// Topics are the pages that help shows.
func Topics() []Topic {
	return []Topic{
		{"config", "webhooks.yaml: every key, choosing events, secrets, a cookbook", 5, config.Manual, nil},
		{"api", "events in, the other calls, the console, metrics", 7, relay.Manual, []string{"Events in", "The outbox", "The other calls", "The console", "Metrics"}},
		{"cluster", "a history in PostgreSQL that several relays share", 7, relay.Manual, []string{"A cluster"}},
		{"receivers", "what a receiver sees, verifying, retries", 7, relay.Manual,
			[]string{"What a receiver sees", "Verifying", "Rotating a secret", "Retries and receivers in trouble", "Operational events"}},
		{"history", "its files, queries, sending again, backup, upgrading", 5, history.Manual, nil},
		{"operating", "packages, the service, containers, when something is wrong", 7, operating.Manual, nil},
	}
}

// Page reads the page of a topic.
func (t Topic) Page() manual.Page {
	page := manual.Read(t.markdown())
	if t.parts != nil {
		page = page.Sections(t.parts...)
	}
	return page
}

// TopicNames are the words that help takes.
func TopicNames() []string {
	var names []string
	for _, t := range Topics() {
		names = append(names, t.Name)
	}
	return names
}

// HelpTemplate is the help of every command; that of sidehook itself ends with
// the topics.
func HelpTemplate() string {
	var list strings.Builder
	for _, t := range Topics() {
		fmt.Fprintf(&list, "  %-10s  %s\n", t.Name, t.about)
	}
	return commandTemplate + "{{if not .HasParent}}\nThe manual, as sidehook help TOPIC:\n" + list.String() + "{{end}}"
}

const commandTemplate = `{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}
{{end}}
Usage: {{.UseLine}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasExample}}

Example:
{{.Example}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}
`
