package history

import (
	"bytes"
	"strconv"
	"time"

	"sidehook/history/event"
	"sidehook/history/internal/jsonl"
)

// The kinds of records.
const (
	KindEvent   = "event"
	KindResend  = "resend"
	KindAttempt = "attempt"
	KindConfig  = "config"
	KindWebhook = "webhook"
)

// kind decodes a kind. It allocates nothing for those that there are.
func kind(raw []byte) string {
	switch string(raw) {
	case `"` + KindEvent + `"`:
		return KindEvent
	case `"` + KindResend + `"`:
		return KindResend
	case `"` + KindAttempt + `"`:
		return KindAttempt
	case `"` + KindConfig + `"`:
		return KindConfig
	case `"` + KindWebhook + `"`:
		return KindWebhook
	}
	return text(raw)
}

// AppendText, AppendNumber and AppendTime append a member of an object: its name, in
// quotes and with what comes before it in the line, and its value.

func AppendText(dst []byte, name, value string) []byte {
	return event.AppendString(append(dst, name...), value)
}

func AppendNumber[N ~uint64](dst []byte, name string, value N) []byte {
	return strconv.AppendUint(append(dst, name...), uint64(value), 10)
}

func AppendTime(dst []byte, name string, value time.Time) []byte {
	dst = append(append(dst, name...), '"')
	return append(jsonl.AppendTime(dst, value), '"')
}

func appendNames(dst []byte, names []string) []byte {
	dst = append(dst, '[')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = event.AppendString(dst, name)
	}
	return append(dst, ']')
}

// AppendEventHead appends all fields of an event but the event itself. That comes last,
// and is copied from where it is.
func AppendEventHead(dst []byte, e *Entry) []byte {
	dst = AppendNumber(dst, `"kind":"event","generation":`, e.Generation)
	dst = append(dst, `,"to":`...)
	dst = appendNames(dst, e.To)
	if e.Test != "" {
		dst = AppendText(dst, `,"test":`, e.Test)
	}
	if e.By != "" {
		dst = AppendText(dst, `,"by":`, e.By)
	}
	if len(e.Event.Filled) > 0 {
		dst = append(dst, `,"filled":`...)
		dst = appendNames(dst, e.Event.Filled)
	}
	if len(e.Failures) > 0 {
		dst = append(dst, `,"failed_when":{`...)
		for i, f := range e.Failures {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(event.AppendString(dst, f.Webhook), ':')
			dst = event.AppendString(dst, f.Reason)
		}
		dst = append(dst, '}')
	}
	return append(dst, `,"event":`...)
}

// AppendBulkResend is AppendResend for one of a resend in bulk of that id.
func AppendBulkResend(dst []byte, of Seq, to []string, by, bulk string) []byte {
	return AppendText(AppendResend(dst, of, to, by), `,"bulk":`, bulk)
}

func AppendResend(dst []byte, of Seq, to []string, by string) []byte {
	dst = AppendNumber(dst, `"kind":"resend","of":`, of)
	dst = append(dst, `,"to":`...)
	dst = appendNames(dst, to)
	return AppendText(dst, `,"by":`, by)
}

// Location is where an engine finds a record again. Only the engine knows what it means.
type Location = jsonl.Location

// EventRecord is a record of the events: an event, the resend of one, or the
// rename of a delivery, which is a resend with Was.
type EventRecord struct {
	Seq        Seq
	At         time.Time
	Kind       string
	Of         Seq    // of a resend, the seq of its event
	By         string // who asked for the resend, or posted the event as an operator
	Bulk       string // of a resend in bulk, its id
	Was        string // of a rename, the former name
	From       Seq    // of a rename, the seq of the delivery under the former name
	Resend     bool   // it is sent as a resend
	Generation Generation
	To         []string
	Test       string // of a test, the webhook that it is of
	Filled     []string
	Failures   []Failure
	Event      []byte // compact JSON; shares the line's memory
	Raw        []byte // the whole line
	Location   Location

	FirstAccepted time.Time // of a rename, when the delivery was accepted,
	FormerBytes   uint32    // and the length of its record under the former name
}

// ParseEventRecord reads a record of the events.
func ParseEventRecord(line *jsonl.Line) EventRecord {
	a := ParseEventFields(line.Fields())
	a.Seq, a.At, a.Raw, a.Location = Seq(line.Number), line.At(), line.Raw, line.Location
	return a
}

// ParseEventFields reads the fields of a record of the events, for an engine that stores
// them without number, time and checksum. It shares their memory.
func ParseEventFields(fields []byte) (a EventRecord) {
	for name, raw := range Members(a.cutEvent(fields)) {
		a.set(name, raw, nil)
	}
	a.Resend = a.Kind == KindResend && (a.Was == "" || a.Resend)
	return a
}

// cutEvent sets the event, and returns the members before it. It comes last and is most of
// the record, so it is not walked through. Within a string, the quotes of its name would
// be escaped.
func (a *EventRecord) cutEvent(fields []byte) (head []byte) {
	head, event, isEvent := bytes.Cut(fields, []byte(`,"event":`))
	if isEvent {
		a.Event = event
	}
	return head
}

// set sets a member.
func (a *EventRecord) set(name, raw []byte, known texts) {
	switch string(name) {
	case "kind":
		a.Kind = kind(raw)
	case "of":
		a.Of = Seq(Number(raw))
	case "by":
		a.By = text(raw)
	case "bulk":
		a.Bulk = text(raw)
	case "was":
		a.Was = text(raw)
	case "from":
		a.From = Seq(Number(raw))
	case "bytes":
		a.FormerBytes = uint32(Number(raw))
	case "accepted":
		a.FirstAccepted, _ = time.Parse(jsonl.TimeFormat, text(raw))
	case "resend":
		a.Resend = true
	case "generation":
		a.Generation = Generation(Number(raw))
	case "to":
		a.To = known.list(a.To[:0], raw)
	case "test":
		a.Test = known.text(raw)
	case "filled":
		a.Filled = known.list(nil, raw)
	case "failed_when":
		for webhook, reason := range Members(Inside(raw)) {
			a.Failures = append(a.Failures, Failure{string(webhook), text(reason)})
		}
	}
}

// ConfigKey names a config line.
type ConfigKey struct {
	Webhook    string
	Generation Generation
}

// ConfigIn is what a line tells if it is a config line. Most lines are told apart
// without looking into them.
func ConfigIn(line *jsonl.Line) (under ConfigKey, ok bool) {
	if !bytes.Contains(line.Raw, []byte(`"kind":"`+KindConfig+`"`)) {
		return under, false
	}
	o := ParseDeliveryRecord(line)
	return ConfigKey{o.Webhook, o.Generation}, o.Kind == KindConfig
}
