package command

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/relay/command/usage"
)

// release and commit are set by -ldflags "-X sidehook/relay/command.release=1.2.3",
// which packages need: Go finds no commit in a worktree or an archive.
var release, commit string

// build describes this binary.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // with uncommitted changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: release, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
		// A module that was installed by its path has a version. One that was built
		// in its folder has "(devel)".
		b.Version = strings.TrimPrefix(strings.Trim(info.Main.Version, "()"), "v")
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

// String returns a line for people.
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

func (c *commands) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: "Prints the version of sidehook, and the commit and Go version it was built\n" +
			"from.",
		Example: "  sidehook version",
		Args:    usage.NoArgument,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if asJSON {
				return c.Out.JSON(b)
			}
			c.Out.Linef("%s", b)
			return nil
		},
	}
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}
