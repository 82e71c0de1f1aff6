package config

import (
	"crypto/sha256"
	"encoding/hex"
)

// Equal reports whether two webhooks do the same: whether nothing but the
// description differs. It is cheap enough for every webhook of a reload.
func (w *Webhook) Equal(o *Webhook) bool {
	if w == o {
		return true
	}
	for i := range declared.webhook {
		if !declared.webhook[i].equal(w, o) {
			return false
		}
	}
	return true
}

// Digest returns 128 bits that are the same for webhooks that are Equal. It tells
// after a restart whether an entry was edited. A key whose value is the default
// adds nothing, so a version that knows more keys computes the same digest of the
// same entry.
func (w *Webhook) Digest() string {
	sum := sha256.New()
	for i := range declared.digested {
		if lines := declared.digested[i].digest(w); lines != declared.unset[i] {
			sum.Write([]byte(lines))
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
