package command

import (
	"net/http"

	"github.com/spf13/cobra"

	"sidehook/relay/command/develop"
	"sidehook/relay/command/usage"
)

func (c *commands) verifyCommand() *cobra.Command {
	var (
		f       develop.Flags
		headers []string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify the signature of a captured request",
		Long: "Verifies a request whose body is piped in, as its receiver should. If it does\n" +
			"not verify, prints which part differs: the secret, a body that was changed on\n" +
			"the way, or a time that is too old. The exit code is 0 only if it verifies now.",
		Example: "  sidehook verify --secret '${SECRET}' --header 'webhook-id: msg_1' \\\n" +
			"    --header 'webhook-timestamp: 1764500000' \\\n" +
			"    --header 'webhook-signature: v1,…' < body",
		Args: usage.NoArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Webhook == "" && len(f.Secrets) == 0 {
				return usage.Missing("--secret or --webhook")
			}
			h, err := parseHeaders(headers)
			if err != nil {
				return err
			}
			scheme, secrets, _, err := f.Resolve(c.Load, cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return develop.Verify(c.Stdin, c.Out, scheme, secrets, h, asJSON)
		},
	}
	f.Add(cmd)
	cmd.Flags().StringArrayVar(&headers, "header", nil, "a header of the request, as `NAME=VALUE` or 'NAME: VALUE'; repeat it")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

// parseHeaders reads headers as people copy them.
func parseHeaders(list []string) (http.Header, error) {
	h := http.Header{}
	for _, text := range list {
		name, value, ok := usage.CutHeader(text)
		if !ok {
			return nil, usage.Errorf("--header must be NAME=VALUE or 'NAME: VALUE', not %q", text)
		}
		h.Add(name, value)
	}
	return h, nil
}
