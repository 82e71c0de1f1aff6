package config

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"sidehook/config/yamlnode"
)

// The words that profile, format and signature can be.
func profiles() []string {
	return []string{"standard", "cloudevents", "qlik", "github", "stripe", "shopify"}
}

func formats() []string {
	return []string{"standard", "cloudevents", "cloudevents-binary", "cloudevents-0.1", "data"}
}

func signatures() []string {
	return []string{"standard", "qlik", "github", "stripe", "shopify", "none"}
}

// resolveProfile fills in what the webhook does not say itself.
func (w *Webhook) resolveProfile() {
	format, signature, agent := "standard", "standard", ""
	switch w.Profile {
	case "cloudevents":
		format = "cloudevents"
	case "qlik":
		format, signature, agent = "cloudevents-0.1", "qlik", "Qlik Webhook"
	case "github", "stripe", "shopify":
		format, signature = "data", w.Profile
	}
	if w.Format == "" {
		w.Format = format
	}
	if w.Signature == nil {
		w.Signature = []string{signature}
	}
	if w.UserAgent == "" {
		w.UserAgent = agent
	}
}

// The prefixes of secrets that are base64: of a key for HMAC, and of one for
// ed25519.
const (
	macPrefix = "whsec_"
	edPrefix  = "whsk_"
)

// checkSecret reports what is wrong with one secret, and shows nothing of it but
// its length.
func (l *loader) checkSecret(t yamlnode.Text, short bool) {
	least, hint := 32, ", or allow: [short-secret] for this webhook"
	if short {
		least, hint = 16, ""
	}
	n := utf8.RuneCountInString(t.String())
	switch {
	case hasControl(t.String()): // base64 is read over the ends of its lines
		l.Fail(t.At, noControl, oneLine)
	case strings.HasPrefix(t.String(), edPrefix):
		l.checkEd25519(t)
	case strings.HasPrefix(t.String(), macPrefix):
		key, err := base64.StdEncoding.DecodeString(t.String()[len(macPrefix):])
		if err != nil || len(key) < 24 || len(key) > 64 {
			l.Fail(t.At, "must have the base64 of 24 to 64 bytes after "+macPrefix, "make one with: echo whsec_$(openssl rand -base64 32)")
		}
	case n > 64:
		l.Fail(t.At, fmt.Sprintf("must have %d to 64 characters, has %d", least, n), "make one with: openssl rand -hex 32")
	case n < least:
		l.Fail(t.At, fmt.Sprintf("must have %d to 64 characters, has %d", least, n), "make one with: openssl rand -hex 32"+hint)
	}
}

// checkEd25519 reports what is wrong with a secret that is a key for ed25519: a
// seed, or a seed and its public key.
func (l *loader) checkEd25519(t yamlnode.Text) {
	key, err := base64.StdEncoding.DecodeString(t.String()[len(edPrefix):])
	switch {
	case err != nil || len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize:
		l.Fail(t.At, "must have the base64 of 32 or 64 bytes after "+edPrefix, "make one with: echo "+edPrefix+"$(openssl rand -base64 32)")
	case len(key) == ed25519.PrivateKeySize && !bytes.Equal(key, ed25519.NewKeyFromSeed(key[:ed25519.SeedSize])):
		l.Fail(t.At, "has a public key in its last 32 bytes that is not that of its first 32", "write the base64 of the first 32 alone")
	}
}

// checkScheme reports a key for ed25519 where a signature is asked for that
// cannot be made with one.
func (l *loader) checkScheme(t yamlnode.Text, signatures []string) {
	if !strings.HasPrefix(t.String(), edPrefix) {
		return
	}
	for _, scheme := range signatures {
		if scheme != "standard" && scheme != "none" {
			l.Fail(t.At, "is a key "+edPrefix+"…, which the signature "+scheme+" has no use for", "write 32 to 64 characters or "+macPrefix+"…, or signature: standard")
			return
		}
	}
}
