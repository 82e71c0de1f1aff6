package sign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sidehook/relay/sign"
)

func TestParseSecretRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        "",
		"no base64":    "whsec_not*base64*at*all*************",
		"url alphabet": "whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_",
		"no padding":   "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"only prefix":  "whsec_",
		"31 bytes":     "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
		"other pair":   "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvhxw3RjnS8CZZ+TWMJulDV8d3IZkElUxuA==",
		"no base64 25": "whsk_not*base64*at*all*",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sign.ParseSecret(text)
			if err == nil {
				t.Fatal("no error")
			}
			if len(text) > len("whsec_") && strings.Contains(err.Error(), text[len("whsec_"):]) {
				t.Errorf("%q repeats the secret", err)
			}
		})
	}
}

// The same text is not the same key to every scheme: standard decodes what
// follows whsec_, the others take all of it as it is written.
func TestParseSecretIsReadAsTheSchemeDoes(t *testing.T) {
	const raw = "a secret of its own bytes, 32 of them"
	decoded := "whsec_YSBzZWNyZXQgb2YgaXRzIG93biBieXRlcywgMzIgb2YgdGhlbQ=="
	if a, b := signerOf(t, sign.Standard, raw).Append(nil, message), signerOf(t, sign.Standard, decoded).Append(nil, message); !slices.Equal(a, b) {
		t.Errorf("standard: %+v and %+v differ", a, b)
	}
	if a, b := signerOf(t, sign.Qlik, raw).Append(nil, message), signerOf(t, sign.Qlik, decoded).Append(nil, message); slices.Equal(a, b) {
		t.Errorf("qlik: both sign as %+v", a)
	}
}

func TestKeyDoesNotPrintItsSecret(t *testing.T) {
	for _, secret := range []struct {
		text string
		key  []byte
	}{{plainSecret, []byte(plainSecret)}, {seedSecret, seed()}} {
		key := keysOf(t, secret.text)[0]
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			got := fmt.Sprintf(format, key)
			for _, given := range []string{secret.text, string(secret.key), fmt.Sprintf("%x", secret.key), strings.Trim(fmt.Sprint(secret.key), "[]")} {
				if strings.Contains(got, given) {
					t.Errorf("%s prints %s", format, got)
				}
			}
		}
	}
}

// seed is that of seedSecret.
func seed() (seed []byte) {
	for i := range 32 {
		seed = append(seed, byte(i))
	}
	return seed
}

// A key for ed25519 is of no use where an HMAC is wanted.
func TestEd25519IsForStandard(t *testing.T) {
	for _, scheme := range []sign.Scheme{sign.Qlik, sign.GitHub, sign.Stripe, sign.Shopify} {
		if _, err := sign.New(scheme, keysOf(t, plainSecret, seedSecret)...); err == nil {
			t.Errorf("%s takes it", scheme)
		}
		h := httpHeader(signerOf(t, scheme, plainSecret).Append(nil, message))
		if err := sign.Verify(scheme, keysOf(t, seedSecret), h, message.Body, message.Timestamp); err == nil {
			t.Errorf("%s verifies with it", scheme)
		}
	}
}
