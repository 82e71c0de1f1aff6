package sign_test

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sidehook/relay/sign"
)

func TestExplain(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	const plain = "plain-secret-of-32-characters-12"
	const body = `{"b": 1, "a": "x"}`
	now := time.Unix(1614265330, 0)
	signed := func(t *testing.T, scheme sign.Scheme, secret, body string) http.Header {
		t.Helper()
		key, err := sign.ParseSecret(secret)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := sign.New(scheme, key)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		for _, header := range signer.Append(nil, sign.Message{ID: "id", Type: "t", Timestamp: now, Body: []byte(body)}) {
			h.Set(header.Name, header.Value)
		}
		return h
	}
	for _, scheme := range []sign.Scheme{sign.Standard, sign.Stripe, sign.Qlik, sign.GitHub, sign.Shopify} {
		timed := scheme == sign.Standard || scheme == sign.Stripe
		for _, c := range []struct {
			name         string
			secret, body string // that the sender signs with and signs
			given        string // the secret to verify with
			late         time.Duration
			part         sign.Part // "" where it verifies
			why          string
		}{
			{name: "right"},
			{name: "old", late: 10 * time.Minute, part: sign.PartTime, why: "10m0s old"},
			{name: "another secret", given: "whsec_" + strings.Repeat("A", 32), part: sign.PartSecret, why: "the secret is another"},
			{name: "a newline more", body: body + "\n", part: sign.PartBody, why: "with a final newline"},
			{name: "compacted", body: `{"b":1,"a":"x"}`, part: sign.PartBody, why: "without white space"},
			{name: "sorted", body: `{"a":"x","b":1}`, part: sign.PartBody, why: "keys sorted"},
			{name: "space around the secret", secret: plain, given: plain + " ", part: sign.PartSecret, why: "spaces"},
			{name: "old and compacted", body: `{"b":1,"a":"x"}`, late: time.Hour, part: sign.PartBody, why: "without white space"},
		} {
			t.Run(string(scheme)+"/"+c.name, func(t *testing.T) {
				c.body, c.secret = cmp.Or(c.body, body), cmp.Or(c.secret, secret)
				c.given = cmp.Or(c.given, c.secret)
				if !timed && c.part == sign.PartTime {
					c.part = "" // nothing says when it was sent
				}
				h := signed(t, scheme, c.secret, c.body)
				err := sign.Explain(scheme, []string{c.given}, h, []byte(body), now.Add(c.late))
				var mismatch *sign.Mismatch
				switch {
				case c.part == "" && err != nil:
					t.Errorf("got %v", err)
				case c.part != "" && (!errors.As(err, &mismatch) || mismatch.Part != c.part || !strings.Contains(err.Error(), c.why)):
					t.Errorf("got %v, want the %s and %q", err, c.part, c.why)
				}
			})
		}
		t.Run(string(scheme)+"/unsigned", func(t *testing.T) {
			var mismatch *sign.Mismatch
			if err := sign.Explain(scheme, []string{secret}, http.Header{}, []byte(body), now); !errors.As(err, &mismatch) || mismatch.Part != sign.PartHeader {
				t.Errorf("got %v", err)
			}
		})
	}
}
