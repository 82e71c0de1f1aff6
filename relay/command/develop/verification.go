package develop

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/command/names"
	"sidehook/relay/command/usage"
	"sidehook/relay/sign"
)

// Flags say how requests are verified: by --webhook as the file has
// it, or by --secret and --profile.
type Flags struct {
	Webhook, profile string
	Secrets          []string
}

// Add declares the flags.
func (f *Flags) Add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Webhook, "webhook", "", "take secret and profile of the webhook `NAME` from the file")
	cmd.Flags().StringArrayVar(&f.Secrets, "secret", nil, "the secret: `TEXT`, @FILE, or ${NAME} for an environment variable; repeat it while it is rotated")
	cmd.Flags().StringVar(&f.profile, "profile", "standard", "the `PROFILE` or signature scheme: "+usage.OneOf(Profiles()...))
}

// Profiles are the values of --profile.
func Profiles() []string {
	return []string{"standard", "cloudevents", "qlik", "github", "stripe", "shopify"}
}

// schemeOf returns the signature scheme of a profile.
func schemeOf(profile string) (sign.Scheme, error) {
	switch {
	case profile == "cloudevents":
		return sign.Standard, nil
	case slices.Contains(Profiles(), profile):
		return sign.Scheme(profile), nil
	}
	return "", usage.Invalid("profile", profile, usage.OneOf(Profiles()...))
}

// Loader reads the configuration.
type Loader func(config.Mode) (*config.File, error)

// Resolve returns the scheme and the secrets to verify with, and the webhook if
// one is named.
func (f *Flags) Resolve(load Loader, changed func(flag string) bool) (sign.Scheme, []string, *config.Webhook, error) {
	if f.Webhook != "" {
		for _, flag := range []string{"secret", "profile"} {
			if changed(flag) {
				return "", nil, nil, usage.Together("--webhook", "--"+flag)
			}
		}
		return f.fromFile(load)
	}
	scheme, err := schemeOf(f.profile)
	if err != nil {
		return "", nil, nil, err
	}
	var secrets []string
	for _, text := range f.Secrets {
		secret, err := readSecret(text)
		if err != nil {
			return "", nil, nil, err
		}
		secrets = append(secrets, secret)
	}
	return scheme, secrets, nil, nil
}

// fromFile takes the secrets and the scheme from the file.
func (f *Flags) fromFile(load Loader) (sign.Scheme, []string, *config.Webhook, error) {
	file, err := load(config.Check)
	if err != nil {
		return "", nil, nil, err
	}
	i := slices.IndexFunc(file.Webhooks, func(w *config.Webhook) bool { return w.Name == f.Webhook })
	if i < 0 {
		var all []string
		for _, w := range file.Webhooks {
			all = append(all, w.Name)
		}
		return "", nil, nil, errors.New(names.UnknownWebhook(f.Webhook, all))
	}
	w := file.Webhooks[i]
	var secrets []string
	for _, secret := range w.Secrets {
		secrets = append(secrets, secret.Reveal())
	}
	for _, p := range file.Warnings {
		if len(secrets) == 0 && strings.HasPrefix(p.Path, fmt.Sprintf("webhooks[%d].secret", i)) {
			return "", nil, nil, fmt.Errorf("%s; or give it as --secret", p)
		}
	}
	scheme := sign.None
	for _, name := range w.Signature {
		if name != string(sign.None) {
			scheme = sign.Scheme(name)
			break
		}
	}
	return scheme, secrets, w, nil
}

// readSecret reads the value of --secret, which need not stand in the history of
// a shell.
func readSecret(text string) (string, error) {
	if path, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read --secret: %w", err)
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	} else if name, ok := strings.CutPrefix(text, "${"); ok && strings.HasSuffix(name, "}") {
		name = strings.TrimSuffix(name, "}")
		if text, ok = os.LookupEnv(name); !ok {
			return "", fmt.Errorf("read --secret: %s is not set here", name)
		}
	}
	if _, err := sign.ParseSecret(text); err != nil {
		return "", usage.Errorf("--secret: %s", strings.TrimPrefix(err.Error(), "parse secret: "))
	}
	return text, nil
}
