package config

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The words that profile, format and signature can be, as far as they are
// supported.
func profiles() []string   { return []string{"standard", "cloudevents", "qlik"} }
func formats() []string    { return []string{"standard", "cloudevents", "cloudevents-0.1"} }
func signatures() []string { return []string{"standard", "qlik", "none"} }

// resolveProfile fills in what the webhook does not say itself.
func (w *Webhook) resolveProfile() {
	format, signature, agent := "standard", "standard", ""
	switch w.Profile {
	case "cloudevents":
		format = "cloudevents"
	case "qlik":
		format, signature, agent = "cloudevents-0.1", "qlik", "Qlik Webhook"
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

// judgeSecret reports what is wrong with one secret, and shows nothing of it but
// its length.
func (l *loader) judgeSecret(t text, short bool) {
	least, hint := 32, ", or allow: [short-secret] for this webhook"
	if short {
		least, hint = 16, ""
	}
	n := utf8.RuneCountInString(t.string)
	switch {
	case strings.HasPrefix(t.string, edPrefix) && slices.Contains(unsupported("secret"), edPrefix):
		l.notYet(t.at, "a secret "+edPrefix+"…", []string{"32 to 64 characters", macPrefix + "…"})
	case strings.HasPrefix(t.string, macPrefix):
		key, err := base64.StdEncoding.DecodeString(t.string[len(macPrefix):])
		if err != nil || len(key) < 24 || len(key) > 64 {
			l.fail(t.at, "must have the base64 of 24 to 64 bytes after "+macPrefix, "make one with: echo whsec_$(openssl rand -base64 32)")
		}
	case hasControl(t.string):
		l.fail(t.at, "must not hold control characters", "")
	case n > 64:
		l.fail(t.at, fmt.Sprintf("must have %d to 64 characters, has %d", least, n), "make one with: openssl rand -hex 32")
	case n < least:
		l.fail(t.at, fmt.Sprintf("must have %d to 64 characters, has %d", least, n), "make one with: openssl rand -hex 32"+hint)
	}
}
