package sign

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ed25519Version is the prefix of an ed25519 signature of standard.
const ed25519Version = "v1a,"

// ed25519Key signs. The receiver has only the public key: it can verify, but not sign.
type ed25519Key struct {
	states
	public ed25519.PublicKey
	sign   func(message []byte) []byte // a closure over the private key, so that nothing prints it
}

// newEd25519 reads the base64 of a seed, or of a seed and its public key. It refuses a
// public key that does not match: nobody could verify the signatures.
func newEd25519(encoded string) (*ed25519Key, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("what follows %s is not base64 (padded, with + and /)", ed25519Prefix)
	}
	if len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("what follows %s is the base64 of %d bytes, not of %d or %d", ed25519Prefix, len(raw), ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	private := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if len(raw) == ed25519.PrivateKeySize && !slices.Equal(raw, private) {
		return nil, errors.New("its last 32 bytes are not the public key of its first 32")
	}
	k := &ed25519Key{
		public: private.Public().(ed25519.PublicKey),
		sign:   func(message []byte) []byte { return ed25519.Sign(private, message) },
	}
	k.pool.New = func() any { return new(state) }
	return k, nil
}

func (k *ed25519Key) appendSignature(dst, head, body []byte) []byte {
	signature := k.sign(slices.Concat(head, body))
	return base64.StdEncoding.AppendEncode(append(dst, ed25519Version...), signature)
}

func (k *ed25519Key) matches(head, body []byte, signatures string) bool {
	message := slices.Concat(head, body)
	for one := range strings.SplitSeq(signatures, " ") {
		encoded, ok := strings.CutPrefix(one, ed25519Version)
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && ed25519.Verify(k.public, message, signature) {
			return true
		}
	}
	return false
}
