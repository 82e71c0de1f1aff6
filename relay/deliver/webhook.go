package deliver

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"net/url"
	"time"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
	"sidehook/relay/format"
	"sidehook/relay/sign"
)

// Webhook is one webhook as it is in force.
type Webhook struct {
	Name       string
	Generation uint64 // of the configuration
	KeepBody   int    // how many bytes of a response's body are kept
	// Settings are the same pointer for as long as the entry is the same: that
	// is what tells an entry that was changed from one that was not.
	Settings *Settings
}

// Settings are what an entry says, its defaults filled in: a concurrency or a
// time-out of zero is one. They are not changed once handed over.
type Settings struct {
	URL     *url.URL
	Shown   string // the URL as it may be shown
	Headers []Header
	Format  format.Format
	// Transform makes the body in place of Format, as JSON. It may be called by
	// many at once; an event that it fails on ends as failed. Nil: none.
	Transform   func(*event.Event) ([]byte, error)
	Signers     []*sign.Signer
	UserAgent   string
	Timeout     time.Duration   // of one attempt
	Retry       []time.Duration // the waits between attempts
	GiveUpOn    []int           // answers that end a delivery
	Concurrency int             // requests under way at once
	Rate        Rate
	Order       queue.Order
	Allow       []netip.Prefix // special-purpose addresses that may be dialled
	TLS         TLS
	Proxy       *url.URL // nil: none
	Off, Paused bool

	// DisableAfter is how long nothing but failures disables the webhook; 0:
	// nothing does but a 410.
	DisableAfter time.Duration
	// Entry tells what the entry says from anything else that it could, over a
	// restart as well.
	Entry string
}

// TLS is what connections to the receiver go by. The zero value is the system's
// authorities, and no client certificate.
type TLS struct {
	Roots       *x509.CertPool // nil: those of Options
	Certificate *tls.Certificate
	ServerName  string // "": the URL's host
}

// Header is a header line of every delivery. The value of a secret one is shown
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

// idle reports whether nothing is to be sent.
func (s *Settings) idle() bool { return s == nil || s.Off || s.Paused }

// firstProbe is how long after its failures a failing webhook is probed.
func (s *Settings) firstProbe() time.Duration {
	if len(s.Retry) == 0 {
		return probeFirst
	}
	return min(probeFirst, max(s.Retry[0], probeLeast))
}

// longest is what jitter makes of the schedule at most.
func (s *Settings) longest() []time.Duration {
	waits := make([]time.Duration, len(s.Retry))
	for i, wait := range s.Retry {
		waits[i] = wait + wait/10
	}
	return waits
}

// record is what the history holds once for all attempts of a generation.
func (w *Webhook) record() history.Config {
	s := w.Settings
	headers := make([]history.Header, 0, len(s.Headers)+2)
	for _, h := range s.Headers {
		value := h.Value
		if h.Secret || confidential(h.Name) {
			value = redacted
		}
		headers = append(headers, history.Header{Name: h.Name, Value: value})
	}
	headers = append(headers,
		history.Header{Name: "Content-Type", Value: s.contentType()},
		history.Header{Name: "User-Agent", Value: s.UserAgent})
	return history.Config{Generation: w.Generation, URL: s.Shown, Headers: headers}
}
