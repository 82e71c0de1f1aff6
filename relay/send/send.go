// Package send makes one attempt at a delivery: it brings the event into the
// receiver's format, signs it, posts it, and judges the answer. It owns the
// connections of a webhook. It knows no queue and no schedule: what an attempt
// means for its delivery is for the caller, package deliver, to decide.
//
// What it promises:
//
//	A1  An attempt ends within the timeout, whatever the receiver does, and
//	    takes neither the process nor other attempts with it.
//	A2  Every request that leaves is in the Result, quick tries included.
//	A3  No secret is in a Result: not in a header, a URL or an error, nor in an
//	    answer that repeats it.
//	A4  Without a proxy, a connection is made only to an address that the guard
//	    of package dial permits.
package send

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"

	"sidehook/history"
	"sidehook/history/event"
)

// Options say how connections are made. The zero value works.
type Options struct {
	// Own returns the addresses that no request may go to: the listener's.
	Own func() []netip.AddrPort
	// Roots are the certification authorities; nil: the system's.
	Roots *x509.CertPool
	// Resolver looks up names; nil: the system's.
	Resolver *net.Resolver
	// Transport replaces the connections, for tests; nil: they are made.
	Transport http.RoundTripper
}

// Delivery is one event as it is to be sent.
type Delivery struct {
	Event    *event.Event // as accepted, or with JSON and Filled alone; shared. Send releases it.
	Accepted time.Time
	Attempt  int // the number of this attempt, from 1
	Resend   bool
	// ConditionError is why the condition failed that should have judged the
	// event. It is then not sent.
	ConditionError string
}

// Record says what the record of an attempt holds.
type Record struct {
	Generation history.Generation // of the configuration
	KeepBody   int                // how many bytes of the answer's body are kept
}

// Result is what became of one attempt.
type Result struct {
	Verdict    Verdict
	Attempt    history.Attempt   // its Status is left to the caller
	QuickTries []history.Attempt // the tries before the last one, oldest first
	// RetryAfter is how long an answer asks to be left alone, from MinRetryAfter
	// to MaxRetryAfter; 0: it does not say.
	RetryAfter time.Duration
	Panic      string // with the stack, for the log; "": there was none
}
