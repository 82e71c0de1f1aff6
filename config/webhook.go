package config

import (
	"time"

	"sidehook/config/expression"
)

// Webhook is one entry under `webhooks`, with the defaults merged into it and its
// profile resolved.
type Webhook struct {
	Name        string // [a-z0-9][a-z0-9._-]{0,62}, unique
	Was         string // its former name, or ""; of no webhook in the file
	Description string // up to 1,024 characters

	URL     URL
	Events  []string // exact types and globs, at least one
	Match   Match    // the attributes that an event must have
	Enabled bool     // false: events are not kept for it
	Paused  bool     // events are kept, and not sent

	When      *expression.Program // the condition on an event; nil: none
	Transform *expression.Program // makes the body; nil: the format makes it

	Secrets []Secret // the first signs, or all if the scheme carries several; none: unsigned
	Headers []Header // those of the defaults first; names differ by more than their case

	Profile   string
	Format    string   // of the body
	Signature []string // schemes, at least one; "none" is one
	UserAgent string   // "": sidehook's own

	Timeout     time.Duration   // of one attempt, 1s to 2m
	Retry       []time.Duration // waits between attempts, at most 32 of at most 7d; none: one attempt
	GiveUpOn    []int           // statuses that end a delivery, 300 to 999
	Concurrency int             // requests in flight at once, 1 to 1,024
	Rate        Rate
	Order       Order

	ExpireAfter time.Duration // events that are older are not sent; 0: no limit
	MaxBacklog  Backlog       // above it the oldest events expire

	DisableAfter time.Duration // only failures for so long disable the webhook; 0: never

	Allow  Allow
	OAuth2 OAuth2
	TLS    TLS
	Proxy  URL // its scheme http, https or socks5; "": none

	set  keySet // the keys that the entry or the defaults give
	file string // in which it stands
}

// File returns the file in which the webhook stands: webhooks.yaml, or one of
// include.
func (w *Webhook) File() string { return w.file }

// unset returns a webhook of which no key is given.
func unset() Webhook {
	return Webhook{
		Enabled: true,
		Profile: "standard",
		Timeout: 15 * time.Second,
		Retry: []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute,
			2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		},
		Concurrency:  16,
		DisableAfter: 5 * 24 * time.Hour,
	}
}
