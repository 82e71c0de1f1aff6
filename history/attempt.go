package history

import (
	"slices"
	"time"
)

// Status is the state of a delivery after an attempt.
type Status string

// All statuses but Retrying end the delivery.
const (
	Delivered Status = "delivered"
	Retrying  Status = "retrying"
	Failed    Status = "failed"
	Exhausted Status = "exhausted"
	Canceled  Status = "canceled"
	Expired   Status = "expired"
)

// Statuses returns all statuses that an attempt can have.
func Statuses() []Status {
	return []Status{Delivered, Retrying, Failed, Exhausted, Canceled, Expired}
}

// status decodes a status. It allocates nothing for those that there are.
func status(raw []byte) Status {
	for _, s := range [...]Status{Delivered, Retrying, Failed, Exhausted, Canceled, Expired} {
		if len(raw) == len(s)+2 && string(raw[1:len(raw)-1]) == string(s) {
			return s
		}
	}
	return Status(text(raw))
}

// Ends returns the statuses that end a delivery.
func Ends() []Status {
	return slices.DeleteFunc(Statuses(), func(s Status) bool { return s == Retrying })
}

// Undelivered returns the statuses of deliveries that ended undelivered.
func Undelivered() []Status {
	return slices.DeleteFunc(Ends(), func(s Status) bool { return s == Delivered })
}

// Attempt is one request of a delivery, or an end without one. The webhook and the seq
// are in the lease.
type Attempt struct {
	Generation Generation // of the configuration it was made under
	Type       string     // of the event
	Event      string     // the event's id
	SentID     string     // the id the receiver saw, where it is not Event
	Status     Status
	Code       int           // the HTTP status, 0 without an answer
	Unsent     bool          // it ended without a request, so that nothing is known of the receiver
	RenamedTo  string        // the name that the delivery goes on under; "": it does not
	NoStep     bool          // it used up no step of the schedule: the next one has the same number
	Throttled  time.Time     // the receiver asked to wait until then, which is no failure; zero: it did not
	Error      string        // why it is not delivered, without secrets
	Took       time.Duration // from dial to the last byte read
	Timing     Timing
	Remote     string   // address and port of the connection
	Request    []Header // the headers of this attempt alone, such as its signature
	Response   *Response
}

// Recorded is an attempt that was recorded.
type Recorded struct {
	Attempt
	Webhook  string // whose attempt it is
	Seq      Seq
	Number   int       // of the attempt; 0: the delivery ended without one
	Test     bool      // of no delivery
	Again    bool      // the next attempt has the same number
	Accepted time.Time // when its event was; zero if the event's record is damaged
}

// Timing is how long the parts of an attempt took. A part that did not happen is zero,
// such as DNS on a connection that is used again.
type Timing struct {
	DNS, Connect, TLS, FirstByte time.Duration
}

// Header is one header line.
type Header struct{ Name, Value string }

// Response is the part of a receiver's answer that is kept.
type Response struct {
	Headers   []Header
	Body      []byte
	Truncated bool // there was more than Body
}

// Config has the settings that all attempts of a webhook and generation share. It is written
// once in a segment, before the first of those attempts.
type Config struct {
	Generation Generation
	URL        string   // redacted
	Headers    []Header // redacted
}

// Line is a line of the deliveries that is to be written.
type Line struct {
	Webhook string
	Config  *Config // if not nil, it must come before the line in its segment
	At      time.Time
	Fields  []byte // JSON without braces; of the webhook and generation of Config
}

// WebhookState is the state of a webhook, which survives a restart.
type WebhookState struct {
	Name  string // "" is active
	Since time.Time
	Why   string
	Entry string // a digest of the webhook's entry at that time, if that matters
}
