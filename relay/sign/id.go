package sign

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// maxID limits the length of an id that is sent unchanged.
const maxID = 256

// lowerBase32 is RFC 4648 base32 in lower case, without padding.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// DeliveryID returns the id that a delivery of an event is sent under, the same at each
// attempt and resend. It is the event's own id, unless that may not reach a receiver:
// Standard Webhooks signs id.timestamp.body, so an id must not contain a dot, and not
// every header parser keeps spaces and other letters.
func DeliveryID(source, id string) string {
	if plainID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(source + "\n" + id))
	return "msg_" + lowerBase32.EncodeToString(sum[:16])
}

func plainID(id string) bool {
	if len(id) < 1 || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && strings.IndexByte("_:/+=~@-", c) < 0 {
			return false
		}
	}
	return true
}
