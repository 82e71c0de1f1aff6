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
		"ed25519":      "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
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
	key := keysOf(t, plainSecret)[0]
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		got := fmt.Sprintf(format, key)
		if strings.Contains(got, plainSecret) || strings.Contains(got, fmt.Sprintf("%x", plainSecret)) {
			t.Errorf("%s prints %s", format, got)
		}
	}
}
