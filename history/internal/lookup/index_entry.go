package lookup

import (
	"fmt"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// The statuses of the groups of the events. An event is in the list of each webhook that
// it was accepted for, or in that of the webhook "" if no webhook wanted it.
const (
	GroupWanted    = "wanted"
	GroupUnmatched = "unmatched"
	GroupTest      = "test"
	groupResend    = history.KindResend
)

// Entries turns the lines of a stream into entries of an index. It reuses its memory.
type Entries struct {
	read   func(*jsonl.Line)
	parser *history.Parser
	entry  index.Entry
	text   []byte // of its keys
}

// Entries returns the Entries of the stream.
func (s *Stream) Entries() *Entries {
	e := &Entries{parser: history.NewParser()}
	if e.read = e.delivery; s.Of == segment.Events {
		e.read = e.event
	}
	return e
}

// Of returns the entry of a line. It is valid until the next call.
func (e *Entries) Of(line *jsonl.Line) *index.Entry {
	e.entry = index.Entry{Number: line.Number, Offset: line.Location.Offset, Listings: e.entry.Listings[:0], Keys: e.entry.Keys[:0]}
	e.text = e.text[:0]
	e.read(line)
	return &e.entry
}

func (e *Entries) event(line *jsonl.Line) {
	a := e.parser.Event(line)
	e.entry.At, e.entry.Seq = a.At, uint64(a.Seq)
	switch a.Kind {
	case history.KindEvent:
		rawID, rawType := event.Identify(a.Event)
		if rawID == nil {
			break
		}
		e.key(event.AppendUnquoted(append(e.text, idPrefix...), rawID))
		g := index.Group{Type: e.parser.Text(rawType), Status: GroupWanted}
		for _, name := range a.To {
			e.list(name, g)
		}
		switch {
		case a.Test != "":
			g.Status = GroupTest
			e.list(a.Test, g)
		case len(a.To) == 0:
			g.Status = GroupUnmatched
			e.list("", g)
		}
	case history.KindResend:
		e.key(appendOf(e.text, a.Of))
		e.list("", index.Group{Status: groupResend})
	}
}

func (e *Entries) delivery(line *jsonl.Line) {
	o := e.parser.Delivery(line)
	e.entry.At = o.At
	switch o.Kind {
	case history.KindConfig:
		e.key(appendConfig(e.text, o.Generation, o.Webhook))
	case history.KindWebhook:
		e.key(append(e.text, stateKey...))
	case history.KindAttempt:
		e.entry.Seq = uint64(o.Seq)
		e.list(o.Webhook, index.Group{Type: o.Type, Status: string(o.Status), Code: o.Code, Apart: IsApart(o)})
		e.key(appendSeq(e.text, o.Seq))
		e.key(append(append(e.text, idPrefix...), o.Event...))
		if o.SentID != "" {
			e.key(append(append(e.text, idPrefix...), o.SentID...))
		}
		e.entry.Tally, e.entry.Webhook, e.entry.Counters = !o.Test && !o.Late, o.Webhook, CountersOf(o)
		e.entry.Took = o.Lasted()
	}
}

// key adds a key to the entry: the part of text after the keys that e.text has already.
func (e *Entries) key(text []byte) {
	e.entry.Keys = append(e.entry.Keys, text[len(e.text):])
	e.text = text
}

func (e *Entries) list(webhook string, g index.Group) {
	e.entry.Listings = append(e.entry.Listings, index.Listing{Webhook: webhook, Group: g})
}

// IsApart reports whether only the line of an attempt tells what it means: it is about a
// resend or a rename, or does not change the state of a delivery (a test, a late attempt).
func IsApart(o *history.DeliveryRecord) bool {
	return o.Test || o.Late || o.RenamedTo != "" || o.Resend || o.Of != 0
}

const (
	stateKey = "state"
	idPrefix = "id:"
)

func appendSeq(dst []byte, seq history.Seq) []byte { return history.AppendNumber(dst, "seq:", seq) }
func appendOf(dst []byte, seq history.Seq) []byte  { return history.AppendNumber(dst, "of:", seq) }

func appendConfig(dst []byte, generation history.Generation, webhook string) []byte {
	return fmt.Appendf(dst, "config:%d:%s", generation, webhook)
}

// The functions below return the keys of a lookup.

func WantEvent(id string) LookupKey {
	// An application may write an id with escapes that it does not need.
	return LookupKey{key: idPrefix + id, needle: event.AppendString(nil, id), escaped: true}
}

func WantAttempts(id string) LookupKey {
	return LookupKey{key: idPrefix + id, needle: event.AppendString(nil, id)}
}

func WantSeq(seq history.Seq) LookupKey {
	return LookupKey{key: string(appendSeq(nil, seq)), needle: fmt.Appendf(nil, `"seq":%d,`, seq), seq: seq}
}

func WantResends(seq history.Seq) LookupKey {
	return LookupKey{key: string(appendOf(nil, seq)), needle: fmt.Appendf(nil, `"of":%d,`, seq), groups: resends.Groups}
}

func WantConfig(generation history.Generation, webhook string) LookupKey {
	return LookupKey{key: string(appendConfig(nil, generation, webhook)), needle: fmt.Appendf(nil, `"kind":"config","generation":%d,`, generation)}
}

// WantStates looks for the states of all webhooks.
func WantStates() LookupKey {
	return LookupKey{key: stateKey, needle: []byte(`"kind":"` + history.KindWebhook + `"`)}
}
