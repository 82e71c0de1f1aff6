package history

import (
	"fmt"
	"strconv"

	"sidehook/history/event"
	"sidehook/history/index"
	"sidehook/history/segment"
)

// The counts of attempts that an index keeps by the minute.
const (
	countBegun index.Counter = iota // deliveries
	countDelivered
	countRetried
	countFailed
	countExhausted
	countCanceled
	countExpired
	// What counts for the last hour: attempts that arrived, and those that failed;
	// tests and what was throttled are neither.
	countArrived
	countMissed
)

// entryOf is how the lines of a stream are indexed.
func entryOf(s segment.Stream) func(*segment.Line) index.Entry {
	if s == segment.Events {
		return eventEntry
	}
	return deliveryEntry
}

func eventEntry(line *segment.Line) index.Entry {
	a := parseAccepted(line)
	x := index.Entry{Number: line.Number, At: a.At, Offset: line.Place.Offset, Seq: a.Seq}
	switch a.Kind {
	case kindEvent:
		if e, err := event.Parse(a.Event, a.Filled); err == nil {
			x.Keys = []string{idKey(e.ID)}
		}
	case kindResend:
		x.Keys = []string{ofKey(a.Of)}
		x.Group = index.Group{Status: kindResend}
	}
	return x
}

func deliveryEntry(line *segment.Line) index.Entry {
	o := parseOutcome(line)
	x := index.Entry{Number: line.Number, At: o.At, Offset: line.Place.Offset}
	switch o.Kind {
	case kindConfig:
		x.Keys = []string{configKey(o.Generation, o.Webhook)}
	case kindAttempt:
		x.Seq = o.Seq
		x.Group = groupOf(&o)
		x.Keys = []string{seqKey(o.Seq), idKey(o.Event)}
		if o.SentID != "" {
			x.Keys = append(x.Keys, idKey(o.SentID))
		}
		x.Tally, x.Counters, x.Took = true, countersOf(&o), o.Lasted()
	}
	return x
}

func groupOf(o *Outcome) index.Group {
	return index.Group{Webhook: o.Webhook, Type: o.Type, Status: string(o.Status)}
}

// countersOf are the counts that an attempt adds to. A delivery counts as begun
// with its first attempt, or with its end if it had none. What goes on under
// another name counts there.
func countersOf(o *Outcome) []index.Counter {
	var list []index.Counter
	if o.RenamedTo != "" {
		return nil
	}
	unmade := o.Status == Canceled || o.Status == Expired
	if o.Attempt == 0 || o.Attempt == 1 && !o.Again && !unmade {
		list = append(list, countBegun)
	}
	switch o.Status {
	case Delivered:
		list = append(list, countDelivered)
	case Retrying:
		list = append(list, countRetried)
	case Failed:
		list = append(list, countFailed)
	case Exhausted:
		list = append(list, countExhausted)
	case Canceled:
		list = append(list, countCanceled)
	case Expired:
		list = append(list, countExpired)
	}
	switch {
	case o.Test || o.Again || unmade || !o.Throttled.IsZero():
	case o.Status == Delivered:
		list = append(list, countArrived)
	default:
		list = append(list, countMissed)
	}
	return list
}

func idKey(id string) string   { return "id:" + id }
func seqKey(seq uint64) string { return "seq:" + strconv.FormatUint(seq, 10) }
func ofKey(seq uint64) string  { return "of:" + strconv.FormatUint(seq, 10) }

func configKey(generation uint64, webhook string) string {
	return fmt.Sprintf("config:%d:%s", generation, webhook)
}

// What is looked for, in the words of the lines.

func wantEvent(id string) wanted {
	// An app may write an id with escapes that it does not need.
	return wanted{idKey(id), event.AppendString(nil, id), true}
}

func wantAttempts(id string) wanted {
	return wanted{key: idKey(id), needle: event.AppendString(nil, id)}
}

func wantSeq(seq uint64) wanted {
	return wanted{key: seqKey(seq), needle: fmt.Appendf(nil, `"seq":%d,`, seq)}
}

func wantResends(seq uint64) wanted {
	return wanted{key: ofKey(seq), needle: fmt.Appendf(nil, `"of":%d,`, seq)}
}

func wantConfig(generation uint64, webhook string) wanted {
	return wanted{key: configKey(generation, webhook), needle: fmt.Appendf(nil, `"kind":"config","generation":%d,`, generation)}
}
