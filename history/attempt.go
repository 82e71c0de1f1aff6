package history

import "time"

// Status is where an attempt left its delivery.
type Status string

// What an attempt came to. All but Retrying end its delivery.
const (
	Delivered Status = "delivered"
	Retrying  Status = "retrying"
	Failed    Status = "failed"
	Exhausted Status = "exhausted"
	Canceled  Status = "canceled"
	Expired   Status = "expired"
)

// Attempt is one try at one delivery, as it stands in the deliveries. What the
// lease knows (webhook, seq, event) is not repeated here.
type Attempt struct {
	Generation Generation // of the configuration it was made under
	Type       string     // of the event
	Event      string     // the event's id
	SentID     string     // the id the receiver saw, where it is not Event
	Status     Status
	Code       int           // the HTTP status, 0 without an answer
	Unsent     bool          // it ended without a request, and says nothing of the receiver
	RenamedTo  string        // the name that the delivery goes on under; "": it does not
	NoStep     bool          // it used up no step of the schedule: the next one has the same number
	Throttled  time.Time     // the receiver is well, and asked to be left alone until then; zero: it did not
	Error      string        // why it is not delivered, without secrets
	Took       time.Duration // from dial to the last byte read
	Timing     Timing
	Remote     string   // address and port that were dialled
	Request    []Header // those of this attempt alone, such as its signature
	Response   *Response
}

// Recorded is an attempt on its way into the deliveries.
type Recorded struct {
	Attempt
	Webhook  string // whose attempt it is
	Seq      Seq
	Again    bool      // the next attempt has the same number
	Accepted time.Time // when its event was; zero if the event's record is damaged
}

// Timing holds how long the parts of an attempt took; what is zero did not
// happen, as on a connection that is used again.
type Timing struct {
	DNS, Connect, TLS, FirstByte time.Duration
}

// Header is one header line.
type Header struct{ Name, Value string }

// Response is what is kept of a receiver's answer.
type Response struct {
	Headers   []Header
	Body      []byte
	Truncated bool // there was more than Body
}

// Config is what is the same for all attempts of a webhook and generation. It
// is written once a segment, before the first of them.
type Config struct {
	Generation Generation
	URL        string   // redacted
	Headers    []Header // redacted
}

// Line is a line of the deliveries that is to be written.
type Line struct {
	Webhook string
	Config  *Config // has to stand before it in its segment, if not nil
	At      time.Time
	Fields  []byte // JSON without braces; of the webhook and generation of Config
}

// WebhookState is what a webhook has been put into, kept over a restart.
type WebhookState struct {
	Name  string // "" is active
	Since time.Time
	Why   string
	Entry string // a digest of the webhook's entry at that time, if that matters
}
