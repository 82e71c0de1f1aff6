package lookup

import (
	"fmt"
	"strconv"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/internal/index"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
)

// entryOf is how the lines of a stream are indexed.
func entryOf(s segment.Stream) func(*jsonl.Line) index.Entry {
	if s == segment.Events {
		return eventEntry
	}
	return deliveryEntry
}

// The statuses of the groups of the events. An event is listed under each webhook that
// it was accepted for, or under none if nobody wanted it.
const (
	GroupWanted    = "wanted"
	GroupUnmatched = "unmatched"
	GroupTest      = "test"
	groupResend    = history.KindResend
)

func eventEntry(line *jsonl.Line) index.Entry {
	a := history.ParseEventRecord(line)
	x := index.Entry{Number: line.Number, At: a.At, Offset: line.Location.Offset, Seq: uint64(a.Seq)}
	switch a.Kind {
	case history.KindEvent:
		e, err := event.Parse(a.Event, a.Filled)
		if err != nil {
			break
		}
		x.Keys = []string{idKey(e.ID)}
		list := func(webhook, status string) {
			x.Listings = append(x.Listings, index.Listing{Webhook: webhook, Group: index.Group{Type: e.Type, Status: status}})
		}
		for _, name := range a.To {
			list(name, GroupWanted)
		}
		switch {
		case a.Test != "":
			list(a.Test, GroupTest)
		case len(a.To) == 0:
			list("", GroupUnmatched)
		}
	case history.KindResend:
		x.Keys = []string{ofKey(a.Of)}
		x.Listings = []index.Listing{{Group: index.Group{Status: groupResend}}}
	}
	return x
}

func deliveryEntry(line *jsonl.Line) index.Entry {
	o := history.ParseDeliveryRecord(line)
	x := index.Entry{Number: line.Number, At: o.At, Offset: line.Location.Offset}
	switch o.Kind {
	case history.KindConfig:
		x.Keys = []string{configKey(o.Generation, o.Webhook)}
	case history.KindWebhook:
		x.Keys = []string{stateKey}
	case history.KindAttempt:
		x.Seq = uint64(o.Seq)
		x.Listings = []index.Listing{{Webhook: o.Webhook, Group: index.Group{Type: o.Type, Status: string(o.Status), Code: o.Code, Apart: IsApart(&o)}}}
		x.Keys = []string{seqKey(o.Seq), idKey(o.Event)}
		if o.SentID != "" {
			x.Keys = append(x.Keys, idKey(o.SentID))
		}
		x.Tally, x.Webhook, x.Counters = !o.Test && !o.Late, o.Webhook, CountersOf(&o)
		x.Took = o.Lasted()
	}
	return x
}

// IsApart reports whether an attempt is not one at an event's own delivery, or has no
// effect on it: what it is about is in its line alone.
func IsApart(o *history.DeliveryRecord) bool {
	return o.Test || o.Late || o.RenamedTo != "" || o.Resend || o.Of != 0
}

const stateKey = "state"

func idKey(id string) string        { return "id:" + id }
func seqKey(seq history.Seq) string { return "seq:" + strconv.FormatUint(uint64(seq), 10) }
func ofKey(seq history.Seq) string  { return "of:" + strconv.FormatUint(uint64(seq), 10) }

func configKey(generation history.Generation, webhook string) string {
	return fmt.Sprintf("config:%d:%s", generation, webhook)
}

// The keys of a lookup, as the lines spell them.

func WantEvent(id string) LookupKey {
	// An application may write an id with escapes that it does not need.
	return LookupKey{key: idKey(id), needle: event.AppendString(nil, id), escaped: true}
}

func WantAttempts(id string) LookupKey {
	return LookupKey{key: idKey(id), needle: event.AppendString(nil, id)}
}

func WantSeq(seq history.Seq) LookupKey {
	return LookupKey{key: seqKey(seq), needle: fmt.Appendf(nil, `"seq":%d,`, seq), seq: seq}
}

func WantResends(seq history.Seq) LookupKey {
	return LookupKey{key: ofKey(seq), needle: fmt.Appendf(nil, `"of":%d,`, seq), groups: resends.Groups}
}

func WantConfig(generation history.Generation, webhook string) LookupKey {
	return LookupKey{key: configKey(generation, webhook), needle: fmt.Appendf(nil, `"kind":"config","generation":%d,`, generation)}
}

// WantStates looks for the states of all webhooks.
func WantStates() LookupKey {
	return LookupKey{key: stateKey, needle: []byte(`"kind":"` + history.KindWebhook + `"`)}
}
