package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/sign"
)

func (c *cli) verifyCommand() *cobra.Command {
	var (
		f       verificationFlags
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
			if f.webhook == "" && len(f.secrets) == 0 {
				return usage.Missing("--secret or --webhook")
			}
			h, err := parseHeaders(headers)
			if err != nil {
				return err
			}
			scheme, secrets, _, err := f.resolve(c, cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return c.verify(cmd.Context(), scheme, secrets, h, asJSON)
		},
	}
	f.add(cmd)
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

func (c *cli) verify(_ context.Context, scheme sign.Scheme, secrets []string, h http.Header, asJSON bool) error {
	if len(secrets) == 0 {
		return errors.New("the webhook has no secret, so that its requests are not signed")
	}
	body, err := io.ReadAll(c.stdin)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	problem := sign.Explain(scheme, secrets, h, body, time.Now())
	var mismatch *sign.Mismatch
	if problem != nil && !errors.As(problem, &mismatch) {
		return problem
	}
	if asJSON {
		if err := c.printJSON(signatureResultOf(problem)); err != nil {
			return err
		}
	} else if problem == nil {
		c.out.Line(c.out.Paint(terminal.Green, "verified"), terminal.Clean(fmt.Sprintf(": %s, %d bytes", scheme.SignatureHeader(), len(body))))
	}
	switch {
	case problem == nil:
		return nil
	case asJSON:
		return exitCode(1)
	case len(bytes.TrimSpace(body)) == 0:
		return fmt.Errorf("not verified (%s): %w; the body is empty: pipe it in with < FILE", mismatch.Part, problem)
	}
	return fmt.Errorf("not verified (%s): %w", mismatch.Part, problem)
}

// signatureResult is what --json prints of a verification.
type signatureResult struct {
	Verified bool   `json:"verified"`
	Differs  string `json:"differs,omitempty"` // header, time, body or secret
	Why      string `json:"why,omitempty"`
}

func signatureResultOf(problem error) *signatureResult {
	v := &signatureResult{Verified: problem == nil}
	var mismatch *sign.Mismatch
	if errors.As(problem, &mismatch) {
		v.Differs = string(mismatch.Part)
	}
	if problem != nil {
		v.Why = problem.Error()
	}
	return v
}
