package command

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release is set by -ldflags "-X sidehook/relay/command.release=1.2.3".
var release string

// build says what this binary was built from.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // there were changes beside the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if b.Version == "" && ok {
		// Installed by its path, a module has a version; built in its folder it
		// is "(devel)".
		b.Version = strings.TrimPrefix(strings.Trim(info.Main.Version, "()"), "v")
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

// String is a line for people.
func (b build) String() string {
	text := "sidehook " + b.Version
	if b.Commit != "" {
		text += ", commit " + b.Commit
	}
	if b.Modified {
		text += " with changes"
	}
	return text + ", " + b.Go + " " + b.Platform
}

func (c *cli) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print version, commit and Go",
		Long:    "Prints the version of sidehook, the commit and the Go that it was built with.",
		Example: "  sidehook version",
		Args:    noArgument,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if asJSON {
				return c.json(b)
			}
			c.out.linef("%s", b)
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func jsonFlag(cmd *cobra.Command, into *bool) {
	cmd.Flags().BoolVar(into, "json", false, "print JSON")
}

// json prints a value as one line of JSON.
func (c *cli) json(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
