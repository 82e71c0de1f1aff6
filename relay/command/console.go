package command

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
)

func (c *commands) consoleCommand() *cobra.Command {
	var ask api.ConsoleLinkRequest
	var print bool
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Open the console in a browser",
		Long: "Asks the running relay for a link to its console and opens it in your browser,\n" +
			"or prints it where there is no browser. The link works once, within a minute.\n" +
			"The console shows the webhooks and what was sent; with --edit it can also\n" +
			"change, resend and test, if webhooks.yaml has listen.console: edit.",
		Example: "  sidehook console --edit",
		Args:    usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("host") && ask.Host == "" {
				return usage.EmptyArgument("--host")
			}
			open := openBrowser
			if print {
				open = func(string) bool { return false }
			}
			if err := c.openConsole(cmd.Context(), ask, open); err != nil {
				return fmt.Errorf("console: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&ask.Edit, "edit", false, "be able to change things, too")
	cmd.Flags().BoolVar(&print, "print", false, "print the link only")
	cmd.Flags().StringVar(&ask.Host, "host", "", "use this `HOST` in the link, such as 127.0.0.1 for a browser that does not know sidehook.localhost")
	return cmd
}

// openConsole gets a link and opens it, or prints it if open reports that it cannot.
func (c *commands) openConsole(ctx context.Context, ask api.ConsoleLinkRequest, open func(link string) bool) error {
	relay, err := c.Relay(ctx)
	if err != nil {
		return err
	}
	link, err := relay.ConsoleLink(ctx, ask)
	if err != nil {
		return err
	}
	at, err := url.Parse(link.URL)
	if err != nil {
		return err
	}
	if open(link.URL) {
		c.Out.Linef("opened http://%s/ in your browser", at.Host)
		return nil
	}
	c.Out.Linef("%s", link.URL)
	c.Err.Noticef("open this link by %s; it works once", terminal.Local(link.Expires, terminal.ZonedTime))
	if os.Getenv("SSH_CONNECTION") != "" {
		c.Err.Noticef("from your own machine, forward the port first: ssh -L %[1]s:127.0.0.1:%[1]s HOST", at.Port())
	}
	return nil
}

// openBrowser opens a link, and reports whether there was a browser to do so.
func openBrowser(link string) bool {
	// How long a program may take to say that it cannot. Some go on as long as the
	// browser does.
	const patience = 3 * time.Second
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	} else if strings.TrimSpace(os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY")) == "" {
		return false // it would start a browser for terminals, if any
	}
	browser := exec.Command(program, link)
	if os.Getenv("SSH_CONNECTION") != "" || browser.Start() != nil {
		return false
	}
	ended := make(chan error, 1)
	go func() { ended <- browser.Wait() }()
	select {
	case err := <-ended:
		return err == nil
	case <-time.After(patience):
		return true
	}
}
