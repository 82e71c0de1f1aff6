package history

import (
	"bytes"

	"sidehook/history/internal/jsonl"
)

// Parser parses the parts of records that go into an index. It reuses the memory of a
// record for the next, and makes a string that comes again only once.
type Parser struct {
	known    texts
	event    EventRecord
	delivery DeliveryRecord
}

func NewParser() *Parser { return &Parser{known: texts{}} }

// Event parses a record of the events. The result is valid until the next call.
func (p *Parser) Event(line *jsonl.Line) *EventRecord {
	a := &p.event
	*a = EventRecord{Seq: Seq(line.Number), At: line.At(), To: a.To[:0]}
	for name, raw := range Members(a.cutEvent(line.Fields())) {
		switch string(name) {
		case "kind", "of", "to", "test":
			a.set(name, raw, p.known)
		}
	}
	return a
}

// lateMember ends the line of a late attempt.
const lateMember = `,"late":true`

// Delivery parses a record of the deliveries. The result is valid until the next call.
func (p *Parser) Delivery(line *jsonl.Line) *DeliveryRecord {
	o, fields := &p.delivery, line.Fields()
	*o = DeliveryRecord{At: line.At(), Late: bytes.HasSuffix(fields, []byte(lateMember))}
	for name, raw := range Members(fields) {
		switch string(name) {
		case "timing_ms", "remote", "request", "response": // they are long, and come last
			return o
		case "error", "next":
		default:
			o.set(name, raw, p.known)
		}
	}
	return o
}

// Text decodes a JSON string that may come again.
func (p *Parser) Text(raw []byte) string { return p.known.text(raw) }

// texts has texts by their JSON. A nil one keeps none.
type texts map[string]string

// Limits on the memory of texts.
const (
	mostTexts   = 1 << 14
	longestText = 128
)

// text decodes a JSON string.
func (t texts) text(raw []byte) string {
	if t == nil || len(raw) > longestText {
		return text(raw)
	}
	s, ok := t[string(raw)]
	if !ok {
		if len(t) == mostTexts {
			clear(t)
		}
		s = text(raw)
		t[string(raw)] = s
	}
	return s
}

// list appends the strings of a JSON array.
func (t texts) list(list []string, raw []byte) []string {
	for len(raw) > 2 {
		raw = raw[1:] // the bracket, or a comma
		n := stringLen(raw)
		list = append(list, t.text(raw[:n]))
		raw = raw[n:]
	}
	return list
}
