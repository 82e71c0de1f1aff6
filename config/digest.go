package config

import (
	"crypto/sha256"
	"encoding/hex"
)

// Digest is 128 bits that are the same for entries that do the same: for those
// that are Equal. It tells across a restart whether an entry was edited. A key
// that says what it would be without it adds nothing, so that a version that
// knows more keys has the same digest of the same entry.
func (w *Webhook) Digest() string {
	sum := sha256.Sum256([]byte(w.digestLines()))
	return hex.EncodeToString(sum[:16])
}
