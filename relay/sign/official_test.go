package sign_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v82/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"sidehook/relay/sign"
)

// bodies are what there may be to sign.
var bodies = []string{string(message.Body), "", "\x00\xff\r\n", "é", strings.Repeat("x", 1<<20)}

// Svix's library is one more that Standard Webhooks' receivers use.
func TestSvixVerifies(t *testing.T) {
	m := message
	m.Timestamp = time.Now()
	for _, body := range bodies {
		m.Body = []byte(body)
		h := httpHeader(signerOf(t, sign.Standard, seedSecret, oldSecret, standardSecret).Append(nil, m))
		for _, secret := range []string{standardSecret, oldSecret} {
			hook, err := svix.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := hook.Verify(m.Body, h); err != nil {
				t.Errorf("%d bytes: %v", len(body), err)
			}
		}
	}
}

// sign verifies the signatures of Stripe's library, and that library verifies those of
// sign.
func TestStripeVerifies(t *testing.T) {
	m := message
	m.Timestamp = time.Now()
	for _, body := range bodies {
		m.Body = []byte(body)
		h := httpHeader(signerOf(t, sign.Stripe, plainSecret, standardSecret).Append(nil, m))
		for _, secret := range []string{plainSecret, standardSecret} {
			if err := webhook.ValidatePayload(m.Body, h.Get("Stripe-Signature"), secret); err != nil {
				t.Errorf("%d bytes: %v", len(body), err)
			}
			theirs := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: m.Body, Secret: secret, Timestamp: m.Timestamp})
			h := http.Header{"Stripe-Signature": {theirs.Header}}
			if err := sign.Verify(sign.Stripe, keysOf(t, secret), h, m.Body, m.Timestamp); err != nil {
				t.Errorf("%d bytes: %v", len(body), err)
			}
		}
	}
}

// FuzzStripe: whatever a sender writes into the header, what verifies here
// verifies with Stripe's library.
func FuzzStripe(f *testing.F) {
	f.Add("t=1614265330,v1="+stripeHMAC, []byte(stripeBody))
	f.Add("t=1614265330,v0=a,v1=,v1="+stripeHMAC, []byte(stripeBody))
	f.Add("t=+1614265330,t=1,v1="+stripeHMAC, []byte(stripeBody))
	keys := keysOf(f, standardSecret)
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		// The faults are in how the header is read, so each header has the signature of
		// that body.
		good := webhook.ComputeSignature(time.Unix(1614265330, 0), body, standardSecret)
		h := http.Header{"Stripe-Signature": {strings.ReplaceAll(signature, stripeHMAC, hex.EncodeToString(good))}}
		if sign.Verify(sign.Stripe, keys, h, body, time.Unix(1614265330, 0)) != nil {
			return
		}
		if err := webhook.ValidatePayloadIgnoringTolerance(body, h.Get("Stripe-Signature"), standardSecret); err != nil {
			t.Errorf("%q verified here, but: %v", h.Get("Stripe-Signature"), err)
		}
	})
}
