package history

import (
	"bytes"
	"strconv"
	"time"

	"sidehook/history/internal/jsonl"
)

// DeliveryRecord is a record of the deliveries. Its Kind decides which members are set.
type DeliveryRecord struct {
	N          LineNo
	At         time.Time
	Kind       string // attempt, config, webhook
	Webhook    string
	Was        string // the former name whose queue it is of, in lines of earlier versions
	Generation Generation

	Seq       Seq
	Of        Seq // of a resend, and after a rename, the seq of its event
	Event     string
	SentID    string
	Type      string
	Resend    bool
	Test      bool // a test: of no queue, and not counted in the failure streak
	Attempt   int
	Status    Status
	Again     bool   // the next attempt has the same number
	Unsent    bool   // no request was made
	RenamedTo string // the name that the delivery goes on under
	// Late is of an attempt that was recorded after its webhook had another owner (in a
	// cluster). It has no effect on the delivery.
	Late   bool
	NoStep bool // it used up no step of the schedule: the next attempt has the same number
	Free   int  // of the attempts so far, those that used up no step, in lines of earlier versions, which numbered all
	// Throttled is since when the receiver has asked to wait, and Until is how long
	// it asked for; zero: it did not ask this time.
	Throttled, Until time.Time
	Code             int
	Error            string
	Next             time.Time
	Remote           string

	State, Why string
	Entry      string    // a digest of the webhook's entry
	Since      time.Time // of a state that is recorded again

	// JSON as in the line; nil if the line has none.
	Took, Timing, Request, Response, URL, Headers []byte
	Raw                                           []byte // the whole line
}

// QueueName returns the name of the queue that an attempt belongs to.
func (o *DeliveryRecord) QueueName() string {
	if o.Was != "" {
		return o.Was
	}
	return o.Webhook
}

// WebhookState returns the state that the record has.
func (o *DeliveryRecord) WebhookState() WebhookState {
	if o.State == StateActive {
		return WebhookState{}
	}
	since := o.At
	if !o.Since.IsZero() {
		since = o.Since
	}
	return WebhookState{o.State, since, o.Why, o.Entry}
}

// ParseDeliveryRecord reads a record of the deliveries. It shares the line's memory.
func ParseDeliveryRecord(line *jsonl.Line) DeliveryRecord {
	o := ParseDeliveryFields(line.Fields())
	o.N, o.At, o.Raw = LineNo(line.Number), line.At(), line.Raw
	return o
}

// ParseDeliveryFields reads the fields of a Line, for an engine that stores them
// without number, time and checksum.
func ParseDeliveryFields(fields []byte) (o DeliveryRecord) {
	for name, raw := range Members(fields) {
		o.set(name, raw, nil)
	}
	return o
}

// set sets a member.
func (o *DeliveryRecord) set(name, raw []byte, known texts) {
	switch string(name) {
	case "kind":
		o.Kind = kind(raw)
	case "webhook":
		o.Webhook = known.text(raw)
	case "was":
		o.Was = known.text(raw)
	case "generation":
		o.Generation = Generation(Number(raw))
	case "seq":
		o.Seq = Seq(Number(raw))
	case "event":
		o.Event = text(raw)
	case "sent_id":
		o.SentID = text(raw)
	case "type":
		o.Type = known.text(raw)
	case "resend":
		o.Resend = true
	case "of":
		o.Of = Seq(Number(raw))
	case "test":
		o.Test = true
	case "attempt":
		o.Attempt = int(Number(raw))
	case "status":
		o.Status = status(raw)
	case "again":
		o.Again = true
	case "unsent":
		o.Unsent = true
	case "renamed_to":
		o.RenamedTo = text(raw)
	case "late":
		o.Late = true
	case "no_step":
		o.NoStep = true
	case "free":
		o.Free = int(Number(raw))
	case "throttled_since":
		o.Throttled, _ = time.Parse(jsonl.TimeFormat, text(raw))
	case "throttled_until":
		o.Until, _ = time.Parse(jsonl.TimeFormat, text(raw))
	case "code":
		o.Code = int(Number(raw))
	case "error":
		o.Error = text(raw)
	case "next":
		o.Next, _ = time.Parse(jsonl.TimeFormat, text(raw))
	case "remote":
		o.Remote = text(raw)
	case "state":
		o.State = text(raw)
	case "why":
		o.Why = text(raw)
	case "entry":
		o.Entry = text(raw)
	case "since":
		o.Since, _ = time.Parse(jsonl.TimeFormat, text(raw))
	case "took_ms":
		o.Took = raw
	case "timing_ms":
		o.Timing = raw
	case "request":
		o.Request = raw
	case "response":
		o.Response = raw
	case "url":
		o.URL = raw
	case "headers":
		o.Headers = raw
	}
}

// JSON returns the record as in the history, without its checksum.
func (a *EventRecord) JSON() []byte { return bare(a.Raw) }

// JSON returns the record as in the history, without its checksum.
func (o *DeliveryRecord) JSON() []byte { return bare(o.Raw) }

func bare(raw []byte) []byte {
	body, _ := jsonl.VerifyChecksum(raw)
	return append(bytes.Clone(body), '}')
}

// Lasted returns how long the request took, 0 if there was none.
func (o *DeliveryRecord) Lasted() time.Duration {
	ms, _ := strconv.ParseFloat(string(o.Took), 64)
	return time.Duration(ms * float64(time.Millisecond))
}
