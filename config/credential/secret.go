// Package credential owns the rules for secrets, those that sign requests and those
// that come by ${…} into others: their forms, which signature schemes they fit, and
// what makes one look badly copied. It never quotes a secret. Packages of config read
// values with it and report what its checks return.
package credential

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The prefixes of secrets in base64: of a key for HMAC, and of one for ed25519.
const (
	macPrefix = "whsec_"
	edPrefix  = "whsk_"
)

// The least characters of a secret that is not base64, and of one that
// allow: [short-secret] permits.
const (
	Least      = 32
	LeastShort = 16
	most       = 64
)

// Check returns what is wrong with a secret of at least so many characters, and
// what to do; "" if nothing is.
func Check(secret string, least int) (message, hint string) {
	switch n := utf8.RuneCountInString(secret); {
	case strings.HasPrefix(secret, edPrefix):
		return checkEd25519(secret[len(edPrefix):])
	case strings.HasPrefix(secret, macPrefix):
		key, err := base64.StdEncoding.DecodeString(secret[len(macPrefix):])
		if err != nil || len(key) < 24 || len(key) > 64 {
			return "must have the base64 of 24 to 64 bytes after " + macPrefix, "make one with: echo whsec_$(openssl rand -base64 32)"
		}
	case startsLike(secret, macPrefix), startsLike(secret, edPrefix):
		prefix := strings.ToLower(secret[:strings.IndexByte(secret, '_')+1])
		return "must begin with " + prefix + " in lower case", "write " + prefix
	case n < least || n > most:
		hint = "make one with: openssl rand -hex 32"
		if n < least && least > LeastShort {
			hint += ", or allow: [short-secret] for this webhook"
		}
		return fmt.Sprintf("must have %d to %d characters, has %d", least, most, n), hint
	}
	return "", ""
}

// startsLike reports whether a secret begins with a prefix in other letters.
func startsLike(secret, prefix string) bool {
	return len(secret) > len(prefix) && strings.EqualFold(secret[:len(prefix)], prefix)
}

// checkEd25519 is Check for the base64 of a key for ed25519: a seed, or a seed and
// its public key.
func checkEd25519(text string) (message, hint string) {
	key, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil || len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize:
		return "must have the base64 of 32 or 64 bytes after " + edPrefix, "make one with: echo " + edPrefix + "$(openssl rand -base64 32)"
	case len(key) == ed25519.PrivateKeySize && !bytes.Equal(key, ed25519.NewKeyFromSeed(key[:ed25519.SeedSize])):
		return "has a public key in its last 32 bytes that does not belong to its first 32", "write the base64 of the first 32 alone"
	}
	return "", ""
}

// CheckSchemes returns the problem of a key for ed25519 with schemes that need another kind
// of key, "" if there is none.
func CheckSchemes(secret string, schemes []string) (message, hint string) {
	i := slices.IndexFunc(schemes, func(scheme string) bool { return scheme != "standard" && scheme != "none" })
	if i < 0 || !strings.HasPrefix(secret, edPrefix) {
		return "", ""
	}
	return "is a key " + edPrefix + "…, which the signature " + schemes[i] + " cannot use", "write 32 to 64 characters or " + macPrefix + "…, or signature: standard"
}
