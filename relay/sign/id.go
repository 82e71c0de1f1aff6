package sign

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// maxID bounds an id that is sent as it is.
const maxID = 256

// lowerBase32 is RFC 4648 base32 in lower case, without padding.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// DeliveryID is the id under which an event is sent, the same at each attempt
// and resend. It is the event's own, unless that cannot be relied on to reach
// a receiver: Standard Webhooks signs id.timestamp.body and so forbids the dot
// in an id, and spaces or other letters do not survive every header parser.
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
