package sign_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sidehook/relay/sign"
)

func TestVerifyStripe(t *testing.T) {
	const good = "t=1614265330,v1=" + stripeHMAC
	sent := message.Timestamp
	tests := map[string]struct {
		signature, body string
		now             time.Time
		says            string
	}{
		"as sent":           {good, stripeBody, sent, ""},
		"old":               {good, stripeBody, sent.Add(5 * time.Minute), ""},
		"too old":           {good, stripeBody, sent.Add(5*time.Minute + time.Second), "5m1s old"},
		"of the future":     {good, stripeBody, sent.Add(-time.Hour), ""}, // as Stripe's own have it
		"no signature":      {"", stripeBody, sent, "Stripe-Signature is missing"},
		"no time":           {"v1=" + stripeHMAC, stripeBody, sent, "has no time"},
		"time in words":     {"t=now,v1=" + stripeHMAC, stripeBody, sent, "not a number"},
		"no list":           {stripeHMAC, stripeBody, sent, "not a list"},
		"only the time":     {"t=1614265330", stripeBody, sent, "matches"},
		"other versions":    {"t=1614265330,v0=" + stripeHMAC, stripeBody, sent, "matches"},
		"several":           {"t=1614265330,v0=x,v1=bad,v1=" + stripeHMAC, stripeBody, sent, ""},
		"another time":      {"t=1614265331,v1=" + stripeHMAC, stripeBody, sent, "matches"},
		"upper case":        {"t=1614265330,v1=" + strings.ToUpper(stripeHMAC), stripeBody, sent, "matches"},
		"another body":      {good, stripeBody + "\n", sent, "matches"},
		"an empty v1":       {"t=1614265330,v1=", stripeBody, sent, "matches"},
		"time out of range": {"t=99999999999999999999,v1=" + stripeHMAC, stripeBody, sent, "not a number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if test.signature != "" {
				h.Set("Stripe-Signature", test.signature)
			}
			check(t, sign.Verify(sign.Stripe, keysOf(t, plainSecret, standardSecret), h, []byte(test.body), test.now), test.says)
		})
	}
}

func TestVerifyOverBody(t *testing.T) {
	const (
		github  = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
		shopify = "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="
	)
	tests := map[string]struct {
		scheme                          sign.Scheme
		header, signature, secret, body string
		says                            string
	}{
		"github":             {sign.GitHub, "X-Hub-Signature-256", github, "It's a Secret to Everybody", "Hello, World!", ""},
		"github, unprefixed": {sign.GitHub, "X-Hub-Signature-256", github[len("sha256="):], "It's a Secret to Everybody", "Hello, World!", "matches"},
		"github, SHA-1":      {sign.GitHub, "X-Hub-Signature", github, "It's a Secret to Everybody", "Hello, World!", "X-Hub-Signature-256 is missing"},
		"github, other body": {sign.GitHub, "X-Hub-Signature-256", github, "It's a Secret to Everybody", "Hello, World", "matches"},
		"shopify":            {sign.Shopify, "X-Shopify-Hmac-Sha256", shopify, "hush", `{"id":1}`, ""},
		"shopify, unpadded":  {sign.Shopify, "X-Shopify-Hmac-Sha256", shopify[:len(shopify)-1], "hush", `{"id":1}`, "matches"},
		"shopify, other key": {sign.Shopify, "X-Shopify-Hmac-Sha256", shopify, "hush!", `{"id":1}`, "matches"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			h.Set(test.header, test.signature)
			check(t, sign.Verify(test.scheme, keysOf(t, plainSecret, test.secret), h, []byte(test.body), time.Now()), test.says)
		})
	}
}

func TestVerifyEd25519(t *testing.T) {
	h := httpHeader(signerOf(t, sign.Standard, seedSecret).Append(nil, message))
	other := "whsk_" + strings.Repeat("A", 43) + "="
	for name, test := range map[string]struct {
		signatures string
		secrets    []string
		says       string
	}{
		"as sent":              {messageSignature25519, []string{seedSecret}, ""},
		"the pair":             {messageSignature25519, []string{pairSecret}, ""},
		"among others":         {"v1,bad v1a,bad " + messageSignature25519 + " v2,bad", []string{other, seedSecret}, ""},
		"another key":          {messageSignature25519, []string{other}, "matches"},
		"an HMAC's":            {messageSignature, []string{seedSecret}, "matches"},
		"for a key of an HMAC": {messageSignature25519, []string{standardSecret}, "matches"},
		"as v1":                {"v1," + strings.TrimPrefix(messageSignature25519, "v1a,"), []string{seedSecret}, "matches"},
		"empty":                {"v1a,", []string{seedSecret}, "matches"},
	} {
		t.Run(name, func(t *testing.T) {
			h.Set("webhook-signature", test.signatures)
			check(t, sign.Verify(sign.Standard, keysOf(t, test.secrets...), h, message.Body, message.Timestamp), test.says)
		})
	}
}
