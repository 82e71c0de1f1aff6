package history

import (
	"bytes"
	"strconv"
	"time"

	"sidehook/history/event"
	"sidehook/history/segment"
)

// kinds of records.
const (
	kindEvent   = "event"
	kindResend  = "resend"
	kindAttempt = "attempt"
	kindConfig  = "config"
	kindWebhook = "webhook"
)

// appendText, appendNumber and appendTime append a member of an object: its name,
// as it stands in the line with what is ahead of it, and its value.

func appendText(dst []byte, name, value string) []byte {
	return event.AppendString(append(dst, name...), value)
}

func appendNumber(dst []byte, name string, value uint64) []byte {
	return strconv.AppendUint(append(dst, name...), value, 10)
}

func appendTime(dst []byte, name string, value time.Time) []byte {
	dst = append(append(dst, name...), '"')
	return append(value.UTC().AppendFormat(dst, segment.TimeFormat), '"')
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

// appendEventHead is all of an event's fields but the event itself, which
// stands last and is copied from where it is.
func appendEventHead(dst []byte, e *Entry) []byte {
	dst = appendNumber(dst, `"kind":"event","generation":`, e.Generation)
	dst = append(dst, `,"to":`...)
	dst = appendNames(dst, e.To)
	if e.Test != "" {
		dst = appendText(dst, `,"test":`, e.Test)
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

func appendResend(dst []byte, of uint64, to []string, by string) []byte {
	dst = appendNumber(dst, `"kind":"resend","of":`, of)
	dst = append(dst, `,"to":`...)
	dst = appendNames(dst, to)
	return appendText(dst, `,"by":`, by)
}

// Location is where an engine finds a record again. What it says is the engine's
// affair.
type Location = segment.Place

// Accepted is a record of the events: an event, the resend of one, or the
// rename of a delivery, which is a resend with Was.
type Accepted struct {
	Seq        uint64
	At         time.Time
	Kind       string
	Of         uint64 // of a resend, the seq of its event
	By         string // of a resend, who asked
	Was        string // of a rename, the former name
	From       uint64 // of a rename, the seq of the delivery under the former name
	Resend     bool   // it is sent as a resend
	Generation uint64
	To         []string
	Test       string // of a test, the webhook that it is of
	Filled     []string
	Failures   []Failure
	Event      []byte // compact JSON; shares the line's memory
	Raw        []byte // the whole line
	Place      Location

	since time.Time // of a rename, when the delivery was accepted,
	bytes uint32    // and the length of its record under the former name
}

// parseAccepted reads a record of the events.
func parseAccepted(line *segment.Line) Accepted {
	a := Accepted{Seq: line.Number, At: line.At(), Raw: line.Raw, Place: line.Place}
	resent := false
	for name, raw := range members(line.Fields()) {
		switch name {
		case "kind":
			a.Kind = text(raw)
		case "of":
			a.Of = number(raw)
		case "by":
			a.By = text(raw)
		case "was":
			a.Was = text(raw)
		case "from":
			a.From = number(raw)
		case "bytes":
			a.bytes = uint32(number(raw))
		case "accepted":
			a.since, _ = time.Parse(segment.TimeFormat, text(raw))
		case "resend":
			resent = true
		case "generation":
			a.Generation = number(raw)
		case "to":
			a.To = names(raw)
		case "test":
			a.Test = text(raw)
		case "filled":
			a.Filled = names(raw)
		case "failed_when":
			for webhook, reason := range members(inside(raw)) {
				a.Failures = append(a.Failures, Failure{webhook, text(reason)})
			}
		case "event":
			a.Event = raw
		}
	}
	a.Resend = a.Kind == kindResend && (a.Was == "" || resent)
	return a
}

// configured names a config line.
type configured struct {
	webhook    string
	generation uint64
}

// configIn is what a line tells if it is a config line. Most lines are told apart
// without looking into them.
func configIn(line *segment.Line) (under configured, ok bool) {
	if !bytes.Contains(line.Raw, []byte(`"kind":"`+kindConfig+`"`)) {
		return under, false
	}
	o := parseOutcome(line)
	return configured{o.Webhook, o.Generation}, o.Kind == kindConfig
}
