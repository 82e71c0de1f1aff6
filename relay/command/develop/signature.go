package develop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"sidehook/relay/command/terminal"
	"sidehook/relay/command/usage"
	"sidehook/relay/sign"
)

// Verify reports whether a request whose body is read verifies now, and if not, which part
// differs.
func Verify(in io.Reader, out *terminal.Screen, scheme sign.Scheme, secrets []string, h http.Header, asJSON bool) error {
	if len(secrets) == 0 {
		return errors.New("the webhook has no secret, so that its requests are not signed")
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	problem := sign.Explain(scheme, secrets, h, body, time.Now())
	var mismatch *sign.Mismatch
	if problem != nil && !errors.As(problem, &mismatch) {
		return problem
	}
	if asJSON {
		if err := out.JSON(signatureResultOf(problem)); err != nil {
			return err
		}
	} else if problem == nil {
		out.Line(out.Paint(terminal.Green, "verified"), terminal.Clean(fmt.Sprintf(": %s, %d bytes", scheme.SignatureHeader(), len(body))))
	}
	switch {
	case problem == nil:
		return nil
	case asJSON:
		return usage.ExitCode(1)
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
