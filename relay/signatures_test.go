package relay_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func hmac256(key, text string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexOf(sum []byte) string    { return hex.EncodeToString(sum) }
func base64Of(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

// signatureHeaders are the names of those that a scheme sets, in order.
func signatureHeaders(h http.Header) (names []string) {
	for name := range h {
		for _, prefix := range []string{"Webhook-", "Qlik-", "X-Hub-", "X-Github-", "Stripe-", "X-Shopify-"} {
			if strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// TestSignatures has a row for each scheme: the headers of a delivery, computed
// here anew from the secrets as the scheme reads them.
func TestSignatures(t *testing.T) {
	const (
		first  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		second = "0123456789abcdef0123456789abcdef"
		seed   = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	)
	decoded, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(first, "whsec_"))
	random, _ := base64.StdEncoding.DecodeString(seed)
	private := ed25519.NewKeyFromSeed(random)
	both := ", secret: [" + first + ", " + second + "]"
	standard := func(signed string, unix string) string {
		return "Webhook-Id: e1|Webhook-Signature: " + signed + "|Webhook-Timestamp: " + unix
	}
	s := newReceiver(t)
	rows := []struct {
		name, keys string
		want       func(body, unix string) string
	}{
		{"standard", "signature: standard" + both, func(body, unix string) string {
			text := "e1." + unix + "." + body
			return standard("v1,"+base64Of(hmac256(string(decoded), text))+" v1,"+base64Of(hmac256(second, text)), unix)
		}},
		{"standard/ed25519", "signature: standard, secret: whsk_" + seed, func(body, unix string) string {
			return standard("v1a,"+base64Of(ed25519.Sign(private, []byte("e1."+unix+"."+body))), unix)
		}},
		{"standard/without a secret", "signature: standard", func(_, unix string) string {
			return "Webhook-Id: e1|Webhook-Timestamp: " + unix
		}},
		{"qlik", "signature: qlik" + both, func(body, _ string) string {
			return "Qlik-Signature: " + hexOf(hmac256(first, body))
		}},
		{"github", "signature: github" + both, func(body, _ string) string {
			return "X-Github-Delivery: e1|X-Github-Event: a.b|X-Hub-Signature-256: sha256=" + hexOf(hmac256(first, body))
		}},
		{"stripe", "signature: stripe" + both, func(body, unix string) string {
			return "Stripe-Signature: t=" + unix + ",v1=" + hexOf(hmac256(first, unix+"."+body)) + ",v1=" + hexOf(hmac256(second, unix+"."+body))
		}},
		{"shopify", "signature: shopify" + both, func(body, _ string) string {
			return "X-Shopify-Hmac-Sha256: " + base64Of(hmac256(first, body)) + "|X-Shopify-Topic: a.b|X-Shopify-Webhook-Id: e1"
		}},
		{"none", "signature: none" + both, func(_, _ string) string { return "" }},
	}
	webhooks := "webhooks:\n"
	for i, row := range rows {
		webhooks += hook(s, fmt.Sprint("w", i), ", "+row.keys)
	}
	h := newHost(t, webhooks)
	h.call("POST", "/v1/events", `{"type":"a.b","id":"e1","data":{"é":1.10}}`, nil)
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := s.first(t, fmt.Sprint("/w", i))
			unix := got.header.Get("Webhook-Timestamp")
			if values := got.header.Get("Stripe-Signature"); values != "" {
				unix, _, _ = strings.Cut(strings.TrimPrefix(values, "t="), ",")
			}
			if at, _ := strconv.ParseInt(unix, 10, 64); unix != "" && got.at.Sub(time.Unix(at, 0)).Abs() > time.Minute {
				t.Errorf("the time stamp %s is not of the attempt, %v", unix, got.at)
			}
			var lines []string
			for _, name := range signatureHeaders(got.header) {
				lines = append(lines, name+": "+strings.Join(got.header[name], "|"))
			}
			if got, want := strings.Join(lines, "|"), row.want(got.body, unix); got != want {
				t.Errorf("got\n%s, want\n%s", got, want)
			}
		})
	}
}
