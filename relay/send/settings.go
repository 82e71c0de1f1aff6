package send

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"net/url"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/relay/format"
	"sidehook/relay/sign"
)

// Settings are what a webhook's entry says about its requests, defaults filled
// in. They must not change once a Client has them.
type Settings struct {
	URL     *url.URL
	Shown   string // the URL as it may be shown
	Headers []Header
	Format  format.Format
	// Transform makes the body in place of Format, as JSON. It may be called by
	// many at once; an event that it fails on is Unprocessable. Nil: none.
	Transform   func(*event.Event) ([]byte, error)
	Signers     []*sign.Signer
	UserAgent   string
	Timeout     time.Duration  // of one attempt
	GiveUpOn    []int          // statuses that end a delivery
	Concurrency int            // requests in flight at once; so many connections are kept
	Allow       []netip.Prefix // special-purpose addresses that may be dialled
	TLS         TLS
	Proxy       *url.URL // nil: none
	OAuth2      *OAuth2  // nil: none
}

// TLS configures the connections to the receiver. The zero value is the
// system's authorities, and no client certificate.
type TLS struct {
	Roots       *x509.CertPool // nil: those of Options
	Certificate *tls.Certificate
	ServerName  string // "": the URL's host
}

// Header is a header line of every request. The value of a secret one is shown
// nowhere.
type Header struct {
	Name, Value string
	Secret      bool
}

// contentType is that of the body.
func (s *Settings) contentType() string {
	if s.Transform != nil {
		return "application/json"
	}
	return s.Format.ContentType()
}

// Config returns what the history holds once for all attempts of a generation.
func (s *Settings) Config(generation history.Generation) history.Config {
	headers := make([]history.Header, 0, len(s.Headers)+3)
	for _, h := range s.Headers {
		value := h.Value
		if h.Secret || confidential(h.Name) {
			value = redacted
		}
		headers = append(headers, history.Header{Name: h.Name, Value: value})
	}
	if s.OAuth2 != nil {
		headers = append(headers, history.Header{Name: "Authorization", Value: redacted})
	}
	headers = append(headers,
		history.Header{Name: "Content-Type", Value: s.contentType()},
		history.Header{Name: "User-Agent", Value: s.UserAgent})
	return history.Config{Generation: generation, URL: s.Shown, Headers: headers}
}
