package pages

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sidehook/relay/command/manual"
)

// Man returns sidehook(1), which has all commands, and a page for each topic.
func Man(root *cobra.Command, version string) []manual.Man {
	pages := []manual.Man{{
		Name: "sidehook", Section: 1, Summary: strings.ToLower(root.Short[:1]) + root.Short[1:], Version: version, Page: commandsPage(root),
	}}
	for _, t := range Topics() {
		page := manual.Man{Name: "sidehook-" + t.Name, Section: t.section, Summary: t.about, Version: version, Page: t.Page(), SeeAlso: []string{"sidehook(1)"}}
		pages = append(pages, page)
		pages[0].SeeAlso = append(pages[0].SeeAlso, fmt.Sprintf("%s(%d)", page.Name, page.Section))
	}
	return pages
}

func commandsPage(root *cobra.Command) manual.Page {
	var page manual.Page
	page.AddHeading(2, "Synopsis")
	page.AddCode(root.UseLine())
	page.AddHeading(2, "Description")
	page.AddParagraph(root.Long)
	page.AddTable(flagRows(root.Flags(), root.PersistentFlags()))
	page.AddHeading(2, "Commands")
	addCommands(&page, root)
	page.AddHeading(2, "Exit status")
	page.AddTable([][]string{{"0", "done"}, {"1", "failed"}, {"2", "wrong usage"}})
	page.AddHeading(2, "Environment")
	page.AddTable([][]string{
		{"SIDEHOOK_CONFIG", "the file to read, unless --config names one"},
		{"NO_COLOR", "if it is set, nothing is coloured"},
	})
	page.AddHeading(2, "Files")
	page.AddTable([][]string{{"webhooks.yaml", "the configuration, in the current folder"}, {"/etc/sidehook/webhooks.yaml", "the configuration, if there is none in the current folder"}})
	return page
}

// addCommands adds the commands below one, each with its flags and an example.
func addCommands(page *manual.Page, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.Hidden {
			continue
		}
		page.AddHeading(3, cmd.UseLine())
		page.AddParagraph(cmd.Long)
		if rows := flagRows(cmd.LocalNonPersistentFlags()); len(rows) > 0 {
			page.AddTable(rows)
		}
		page.AddCode(cmd.Example)
		addCommands(page, cmd)
	}
}

// flagRows returns a row for each flag, with its purpose.
func flagRows(sets ...*pflag.FlagSet) (rows [][]string) {
	for _, set := range sets {
		set.VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" || len(sets) > 1 && set == sets[0] && sets[1].Lookup(f.Name) != nil {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			rows = append(rows, []string{strings.TrimSpace(name + " " + value), usage})
		})
	}
	return rows
}
