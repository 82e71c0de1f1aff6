package sign_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/relay/sign"
)

const (
	plainSecret    = "0123456789abcdef0123456789abcdef"
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldSecret      = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

	seedSecret = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	pairSecret = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA=="
	stripeHMAC = "dd086835fa77782975f16227d79c3df8ba4c4c83f5a43a0c72530c10898cab73" // of stripeBody under standardSecret, by another implementation
	stripeBody = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}"

	shortBody = `{"cloudEventsVersion":"0.1"}`
	longBody  = `{"cloudEventsVersion":"0.1","source":"com.qlik/engine","contentType":"application/json",` +
		`"eventId":"e65c1481-e8a-4be-a5ca-27dfcde077d7","eventTime":"2021-03-08T14:51:29Z",` +
		`"eventTypeVersion":"1.0.0","eventType":"com.qlik.v1.app.deleted"}`
)

// message is the one of the published vector of Standard Webhooks.
var message = sign.Message{
	ID:        "msg_p5jXN8AQM9LWM0D4loKWxJek",
	Timestamp: time.Unix(1614265330, 0),
	Body:      []byte(`{"test": 2432232314}`),
}

// The same by ed25519, made with another implementation.
const messageSignature25519 = "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ=="

const messageSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

func keysOf(t testing.TB, secrets ...string) []sign.Key {
	t.Helper()
	var keys []sign.Key
	for _, text := range secrets {
		key, err := sign.ParseSecret(text)
		if err != nil {
			t.Fatalf("ParseSecret(%q): %v", text, err)
		}
		keys = append(keys, key)
	}
	return keys
}

func signerOf(t testing.TB, scheme sign.Scheme, secrets ...string) *sign.Signer {
	t.Helper()
	s, err := sign.New(scheme, keysOf(t, secrets...)...)
	if err != nil {
		t.Fatalf("New(%q): %v", scheme, err)
	}
	return s
}

// httpHeader is what a receiver's server makes of headers.
func httpHeader(headers []sign.Header) http.Header {
	h := http.Header{}
	for _, one := range headers {
		h.Set(one.Name, one.Value)
	}
	return h
}

// TestSignatures has the headers of each scheme, by vectors that were published
// or made with other implementations.
func TestSignatures(t *testing.T) {
	id := sign.Header{Name: "webhook-id", Value: message.ID, Repeats: true}
	timestamp := sign.Header{Name: "webhook-timestamp", Value: "1614265330"}
	tests := map[string]struct {
		scheme  sign.Scheme
		secrets []string
		body    string
		want    []sign.Header
	}{
		"standard": {
			sign.Standard, []string{standardSecret}, string(message.Body),
			[]sign.Header{id, timestamp, {Name: "webhook-signature", Value: messageSignature}},
		},
		"standard/rotated": {
			sign.Standard, []string{oldSecret, standardSecret}, string(message.Body),
			[]sign.Header{id, timestamp, {Name: "webhook-signature", Value: "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI= " + messageSignature}},
		},
		"standard/unsigned": {sign.Standard, nil, string(message.Body), []sign.Header{id, timestamp}},
		"qlik": {
			sign.Qlik, []string{plainSecret}, shortBody,
			[]sign.Header{{Name: "Qlik-Signature", Value: "46077b5fe38ca3960635fa5002c30791156efeffe539586080aa979e03befe1e"}},
		},
		"qlik/longer": {
			sign.Qlik, []string{plainSecret}, longBody,
			[]sign.Header{{Name: "Qlik-Signature", Value: "29067e0a0b6d3ac0d3b27dfacfb6d49c7e407d9a4a1735bd1cb29cbae0831d93"}},
		},
		"qlik/rotated": {
			sign.Qlik, []string{plainSecret, standardSecret}, shortBody,
			[]sign.Header{{Name: "Qlik-Signature", Value: "46077b5fe38ca3960635fa5002c30791156efeffe539586080aa979e03befe1e"}},
		},
		"qlik/unsigned": {sign.Qlik, nil, shortBody, nil},
		"standard/ed25519": {
			sign.Standard, []string{seedSecret}, string(message.Body),
			[]sign.Header{id, timestamp, {Name: "webhook-signature", Value: messageSignature25519}},
		},
		"standard/ed25519 with its public key": {
			sign.Standard, []string{pairSecret}, string(message.Body),
			[]sign.Header{id, timestamp, {Name: "webhook-signature", Value: messageSignature25519}},
		},
		"standard/on the way to ed25519": {
			sign.Standard, []string{seedSecret, standardSecret}, string(message.Body),
			[]sign.Header{id, timestamp, {Name: "webhook-signature", Value: messageSignature25519 + " " + messageSignature}},
		},
		"github": {
			sign.GitHub, []string{"It's a Secret to Everybody"}, "Hello, World!",
			[]sign.Header{
				{Name: "X-GitHub-Event", Value: "order.paid"}, {Name: "X-GitHub-Delivery", Value: message.ID},
				{Name: "X-Hub-Signature-256", Value: "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
			},
		},
		"github/unsigned": {
			sign.GitHub, nil, "",
			[]sign.Header{{Name: "X-GitHub-Event", Value: "order.paid"}, {Name: "X-GitHub-Delivery", Value: message.ID}},
		},
		"shopify": {
			sign.Shopify, []string{"hush", plainSecret}, `{"id":1}`,
			[]sign.Header{
				{Name: "X-Shopify-Topic", Value: "order.paid"}, {Name: "X-Shopify-Webhook-Id", Value: message.ID},
				{Name: "X-Shopify-Hmac-Sha256", Value: "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="},
			},
		},
		"stripe": {
			sign.Stripe, []string{standardSecret}, stripeBody,
			[]sign.Header{{Name: "Stripe-Signature", Value: "t=1614265330,v1=" + stripeHMAC}},
		},
		"stripe/rotated": {
			sign.Stripe, []string{plainSecret, standardSecret}, stripeBody,
			[]sign.Header{{Name: "Stripe-Signature", Value: "t=1614265330,v1=9fa23b0d480d54b55f1e72f22ed47dfd1089a801fe2a04e6b6f240164c24b1a5,v1=" + stripeHMAC}},
		},
		"stripe/unsigned": {sign.Stripe, nil, "", nil},
		"none":            {sign.None, []string{plainSecret}, shortBody, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := message
			m.Type, m.Body = "order.paid", []byte(test.body)
			s := signerOf(t, test.scheme, test.secrets...)
			for range 2 { // the second is made with a used state
				if got := s.Append(nil, m); !slices.Equal(got, test.want) {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			}
		})
	}
}

func TestAppendKeepsWhatStandsBefore(t *testing.T) {
	first := sign.Header{Name: "Content-Type", Value: "application/json"}
	got := signerOf(t, sign.Standard, standardSecret).Append([]sign.Header{first}, message)
	if len(got) != 4 || got[0] != first {
		t.Errorf("got %+v", got)
	}
}

func TestNewRefusesUnknownSchemes(t *testing.T) {
	for _, scheme := range []sign.Scheme{"", "Standard", "svix"} {
		if _, err := sign.New(scheme); err == nil || !strings.Contains(err.Error(), string(scheme)) {
			t.Errorf("New(%q): %v", scheme, err)
		}
	}
}

// One signer serves all the requests of a webhook that are under way.
func TestAppendFromManyGoroutines(t *testing.T) {
	s := signerOf(t, sign.Standard, standardSecret, oldSecret)
	want := s.Append(nil, message)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				other := message
				other.Body = []byte(strings.Repeat("x", i))
				s.Append(nil, other)
				if got := s.Append(nil, message); !slices.Equal(got, want) {
					t.Errorf("got %+v, want %+v", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	m := message
	m.Body = []byte(strings.Repeat("x", 1024))
	for name, s := range map[string]*sign.Signer{
		"standard":         signerOf(b, sign.Standard, standardSecret),
		"standard-rotated": signerOf(b, sign.Standard, standardSecret, oldSecret),
		"qlik":             signerOf(b, sign.Qlik, plainSecret),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			headers := make([]sign.Header, 0, 4)
			for b.Loop() {
				headers = s.Append(headers[:0], m)
			}
		})
	}
}
