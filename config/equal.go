package config

import (
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
)

// Equal reports whether two webhooks do the same: whether nothing but the
// description differs. A reload calls it for every webhook, so it looks only at
// the keys that one of the two gives: all others are as the profile has them, or
// the defaults of this version.
func (w *Webhook) Equal(o *Webhook) bool {
	for set := w.set | o.set; set != 0; set &= set - 1 {
		if !declared.webhook[bits.TrailingZeros64(uint64(set))].equal(w, o) {
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

// Differences returns the keys, in their order, in which two webhooks are not the
// same, the description among them.
func (w *Webhook) Differences(o *Webhook) []string {
	var names []string
	for _, k := range declared.webhook {
		if !k.equal(w, o) || k.name == "description" && w.Description != o.Description {
			names = append(names, k.name)
		}
	}
	return names
}
