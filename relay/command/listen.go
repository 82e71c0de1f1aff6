package command

import (
	"context"

	"github.com/spf13/cobra"

	"sidehook/relay/command/develop"
	"sidehook/relay/command/usage"
)

type listenFlags struct {
	develop.Flags
	tls              bool
	respond, forward string
	json             bool
}

func (c *commands) listenCommand() *cobra.Command {
	var f listenFlags
	cmd := &cobra.Command{
		Use:   "listen [ADDRESS]",
		Short: "Receive webhooks on this machine, for developing",
		Long: "Receives webhooks on this machine, prints each request, and reports whether its\n" +
			"signature verifies; if not, which part differs. It answers as --respond says,\n" +
			"the last answer for ever: a status (500*3: three times; 429:5: with\n" +
			"Retry-After), or hang:30s for no answer. ADDRESS is " + develop.DefaultListenAddress + ", or\n" +
			"where the webhook's url leads.",
		Example: "  sidehook listen --webhook orders --respond '500*3,200'\n" +
			"  sidehook listen 127.0.0.1:9000 --forward http://127.0.0.1:3000/webhooks",
		Args: func(_ *cobra.Command, args []string) error { return usage.AtMostOne("ADDRESS", args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.listen(cmd.Context(), args, f, cmd.Flags().Changed)
		},
	}
	f.Add(cmd)
	cmd.Flags().BoolVar(&f.tls, "tls", false, "listen with HTTPS and a certificate of its own")
	cmd.Flags().StringVar(&f.respond, "respond", "200", "the `ANSWERS`, one a request, separated by commas")
	cmd.Flags().StringVar(&f.forward, "forward", "", "pass each request on to this `URL`, and answer as it does")
	usage.JSONFlag(cmd, &f.json)
	return cmd
}

func (c *commands) listen(ctx context.Context, args []string, f listenFlags, changed func(string) bool) error {
	if f.forward != "" && changed("respond") {
		return usage.Together("--forward", "--respond")
	}
	scheme, secrets, webhook, err := f.Resolve(c.Load, changed)
	if err != nil {
		return err
	}
	l := develop.Listening{
		Scheme: scheme, Secrets: secrets, Webhook: webhook,
		TLS: f.tls, Respond: f.respond, Forward: f.forward, JSON: f.json,
		Out: c.Out, Err: c.Err,
	}
	if len(args) > 0 {
		l.Address = args[0]
	}
	return l.Run(ctx)
}
