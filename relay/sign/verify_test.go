package sign_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sidehook/relay/sign"
)

// The negative cases are those of the official libraries' own tests.
func TestVerifyStandard(t *testing.T) {
	now := message.Timestamp
	const wrong = "v1,g0hM9SsE+OTPJTGt/dmIKtSyZlE3uFJELVlNIOLJ1OE="
	with := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	at := func(d time.Duration) func(http.Header) {
		m := message
		m.Timestamp = now.Add(d)
		return func(h http.Header) {
			for _, one := range signerOf(t, sign.Standard, standardSecret).Append(nil, m) {
				h.Set(one.Name, one.Value)
			}
		}
	}
	tests := map[string]struct {
		change func(http.Header)
		says   string // empty: verifies
	}{
		"as sent":              {func(http.Header) {}, ""},
		"no id":                {func(h http.Header) { h.Del("webhook-id") }, "webhook-id is missing"},
		"no timestamp":         {func(h http.Header) { h.Del("webhook-timestamp") }, "webhook-timestamp is missing"},
		"no signature":         {func(h http.Header) { h.Del("webhook-signature") }, "webhook-signature is missing"},
		"timestamp no number":  {with("webhook-timestamp", "hello"), `"hello" is not a number`},
		"signature empty":      {with("webhook-signature", "v1,"), "matches"},
		"signature wrong":      {with("webhook-signature", wrong), "matches"},
		"signature bare":       {with("webhook-signature", strings.TrimPrefix(messageSignature, "v1,")), "matches"},
		"signature of v2":      {with("webhook-signature", strings.Replace(messageSignature, "v1", "v2", 1)), "matches"},
		"another id":           {with("webhook-id", "msg_other"), "matches"},
		"too old":              {at(-sign.Tolerance - time.Second), "5m1s old"},
		"old":                  {at(-sign.Tolerance), ""},
		"new":                  {at(sign.Tolerance), ""},
		"too new":              {at(sign.Tolerance + time.Second), "5m1s ahead"},
		"in milliseconds":      {with("webhook-timestamp", "1614265330000"), "ahead"},
		"one of several":       {with("webhook-signature", wrong+" v2,bad "+messageSignature+" "+wrong), ""},
		"none of several":      {with("webhook-signature", wrong+" v2,bad "+wrong), "matches"},
		"timestamp not signed": {with("webhook-timestamp", strconv.FormatInt(now.Unix()+1, 10)), "matches"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := httpHeader(signerOf(t, sign.Standard, standardSecret).Append(nil, message))
			test.change(h)
			err := sign.Verify(sign.Standard, keysOf(t, standardSecret), h, message.Body, now)
			check(t, err, test.says)
		})
	}
}

func TestVerifyQlik(t *testing.T) {
	const good = "46077b5fe38ca3960635fa5002c30791156efeffe539586080aa979e03befe1e"
	tests := map[string]struct{ signature, body, says string }{
		"as sent":      {good, shortBody, ""},
		"no signature": {"", shortBody, "Qlik-Signature is missing"},
		"upper case":   {strings.ToUpper(good), shortBody, "matches"},
		"prefixed":     {"sha256=" + good, shortBody, "matches"},
		"cut":          {good[:53], shortBody, "matches"},
		"other body":   {good, shortBody + "\n", "matches"},
		"empty body":   {good, "", "matches"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if test.signature != "" {
				h.Set("Qlik-Signature", test.signature)
			}
			check(t, sign.Verify(sign.Qlik, keysOf(t, plainSecret), h, []byte(test.body), time.Now()), test.says)
		})
	}
}

// A receiver moves to a new secret while both are in use: each side's list
// needs one in common with the other's.
func TestVerifyRotation(t *testing.T) {
	sent := httpHeader(signerOf(t, sign.Standard, standardSecret, oldSecret).Append(nil, message))
	for name, test := range map[string]struct {
		secrets []string
		says    string
	}{
		"new":           {[]string{standardSecret}, ""},
		"old":           {[]string{oldSecret}, ""},
		"other and old": {[]string{plainSecret, oldSecret}, ""},
		"other":         {[]string{plainSecret}, "matches"},
		"no secret":     {nil, "no secret"},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, sign.Verify(sign.Standard, keysOf(t, test.secrets...), sent, message.Body, message.Timestamp), test.says)
		})
	}
}

// A request without a signature never counts as verified.
func TestVerifyNeedsASignature(t *testing.T) {
	keys := keysOf(t, plainSecret)
	check(t, sign.Verify(sign.None, keys, http.Header{}, nil, time.Now()), `"none" signs nothing`)
	check(t, sign.Verify("svix", keys, http.Header{}, nil, time.Now()), `unknown signature scheme "svix"`)
}

// The official library is the judge of what is sent.
func TestOfficialLibraryVerifies(t *testing.T) {
	m := message
	m.Timestamp = time.Now()
	for _, body := range []string{string(message.Body), "", "\x00\xff", strings.Repeat("x", 1<<20)} {
		m.Body = []byte(body)
		h := httpHeader(signerOf(t, sign.Standard, oldSecret, standardSecret).Append(nil, m))
		for _, secret := range []string{standardSecret, strings.TrimPrefix(oldSecret, "whsec_")} {
			hook, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := hook.Verify(m.Body, h); err != nil {
				t.Errorf("%d bytes: %v", len(m.Body), err)
			}
		}
	}
	hook, err := standardwebhooks.NewWebhookRaw([]byte(plainSecret))
	if err != nil {
		t.Fatal(err)
	}
	if err := hook.Verify(m.Body, httpHeader(signerOf(t, sign.Standard, plainSecret).Append(nil, m))); err != nil {
		t.Errorf("a secret that is its own bytes: %v", err)
	}
}

// FuzzVerify: whatever a sender writes into the headers, what verifies here
// verifies with the official library.
func FuzzVerify(f *testing.F) {
	f.Add(message.ID, "1614265330", messageSignature, message.Body)
	f.Add(message.ID, "1614265330", "v1,bad v2,bad "+messageSignature, message.Body)
	f.Add(message.ID, "+1614265330", messageSignature, message.Body)
	f.Add("", "", "", []byte{})
	f.Add("a.b", "-1", "v1", []byte("x"))
	hook, err := standardwebhooks.NewWebhook(standardSecret)
	if err != nil {
		f.Fatal(err)
	}
	keys := keysOf(f, standardSecret)
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", timestamp)
		h.Set("webhook-signature", signature)
		now := time.Unix(0, 0)
		if seconds, err := strconv.ParseInt(timestamp, 10, 64); err == nil {
			now = time.Unix(seconds, 0)
		}
		if sign.Verify(sign.Standard, keys, h, body, now) != nil {
			return
		}
		if err := hook.VerifyIgnoringTimestamp(body, h); err != nil {
			t.Errorf("verified here, but: %v", err)
		}
	})
}

func check(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Errorf("got %v, want it to verify", err)
	case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
		t.Errorf("got %v, want an error that says %q", err, says)
	}
}
