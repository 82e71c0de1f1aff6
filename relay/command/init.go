package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/sign"
)

// initFile is the file that init writes. Its webhook reaches sidehook listen.
const initFile = `# What sidehook sends, and where. It is read again each time it is saved.
# All keys: sidehook help config

webhooks:
  - name: example
    description: Everything, to a receiver on this machine (sidehook listen)
    url: http://127.0.0.1:9000/
    allow: [http, any-host, 127.0.0.0/8]  # a receiver with https needs none of these
    events: ["**"]                        # such as order.paid, order.* or **
    secret: %s
`

func (c *cli) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a small webhooks.yaml to begin with",
		Long: "Writes a small webhooks.yaml with one webhook and a fresh secret, and prints the\n" +
			"next three commands. A file that is there already is never overwritten.",
		Example: "  sidehook init",
		Args:    func(_ *cobra.Command, args []string) error { return usage.AtMostOne("FILE", args) },
		RunE: func(_ *cobra.Command, args []string) error {
			path := "webhooks.yaml"
			switch {
			case len(args) > 0 && c.config != "":
				return usage.Together("FILE", "--config")
			case len(args) > 0:
				path = args[0]
			case c.config != "":
				path = c.config
			}
			return c.init(path)
		},
	}
}

func (c *cli) init(path string) error {
	// Only its owner may read it, as it has a secret.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; to add a webhook to it: sidehook webhook add --help", path)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, initFile, sign.GenerateSecret())
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	config := ""
	if path != "webhooks.yaml" {
		config = " --config " + terminal.Quote(path)
	}
	c.out.Linef("%s written. Go on with these, each in a terminal of its own:", path)
	c.out.Linef("    sidehook listen --webhook example%s", config)
	c.out.Linef("    sidehook run%s", config)
	c.out.Linef("    sidehook send order.paid --data '{\"order\": 4711}'%s", config)
	return nil
}
