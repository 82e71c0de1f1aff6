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

// The counts of attempts that an index keeps by the minute.
const (
	CountBegun index.Counter = iota // deliveries
	countDelivered
	countRetried
	countFailed
	countExhausted
	countCanceled
	countExpired
	// What counts for the last hour: attempts that arrived, and those that failed;
	// tests and what was throttled are neither.
	CountArrived
	CountMissed
)

// entryOf is how the lines of a stream are indexed.
func entryOf(s segment.Stream) func(*jsonl.Line) index.Entry {
	if s == segment.Events {
		return eventEntry
	}
	return deliveryEntry
}

func eventEntry(line *jsonl.Line) index.Entry {
	a := history.ParseEventRecord(line)
	x := index.Entry{Number: line.Number, At: a.At, Offset: line.Location.Offset, Seq: uint64(a.Seq)}
	switch a.Kind {
	case history.KindEvent:
		if e, err := event.Parse(a.Event, a.Filled); err == nil {
			x.Keys = []string{idKey(e.ID)}
		}
	case history.KindResend:
		x.Keys = []string{ofKey(a.Of)}
		x.Group = index.Group{Status: history.KindResend}
	}
	return x
}

func deliveryEntry(line *jsonl.Line) index.Entry {
	o := history.ParseDeliveryRecord(line)
	x := index.Entry{Number: line.Number, At: o.At, Offset: line.Location.Offset}
	switch o.Kind {
	case history.KindConfig:
		x.Keys = []string{configKey(o.Generation, o.Webhook)}
	case history.KindAttempt:
		x.Seq = uint64(o.Seq)
		x.Group = groupOf(&o)
		x.Keys = []string{seqKey(o.Seq), idKey(o.Event)}
		if o.SentID != "" {
			x.Keys = append(x.Keys, idKey(o.SentID))
		}
		x.Tally, x.Counters, x.Took = true, CountersOf(&o), o.Lasted()
	}
	return x
}

func groupOf(o *history.DeliveryRecord) index.Group {
	return index.Group{Webhook: o.Webhook, Type: o.Type, Status: string(o.Status)}
}

// CountersOf are the counts that an attempt adds to. A delivery counts as begun
// with its first attempt, or with its end if it had none. What goes on under
// another name counts there.
func CountersOf(o *history.DeliveryRecord) []index.Counter {
	var list []index.Counter
	if o.RenamedTo != "" {
		return nil
	}
	unmade := o.Status == history.Canceled || o.Status == history.Expired
	if o.Attempt == 0 || o.Attempt == 1 && !o.Again && !unmade {
		list = append(list, CountBegun)
	}
	switch o.Status {
	case history.Delivered:
		list = append(list, countDelivered)
	case history.Retrying:
		list = append(list, countRetried)
	case history.Failed:
		list = append(list, countFailed)
	case history.Exhausted:
		list = append(list, countExhausted)
	case history.Canceled:
		list = append(list, countCanceled)
	case history.Expired:
		list = append(list, countExpired)
	}
	switch {
	case o.Test || o.Again || unmade || !o.Throttled.IsZero():
	case o.Status == history.Delivered:
		list = append(list, CountArrived)
	default:
		list = append(list, CountMissed)
	}
	return list
}

func idKey(id string) string        { return "id:" + id }
func seqKey(seq history.Seq) string { return "seq:" + strconv.FormatUint(uint64(seq), 10) }
func ofKey(seq history.Seq) string  { return "of:" + strconv.FormatUint(uint64(seq), 10) }

func configKey(generation history.Generation, webhook string) string {
	return fmt.Sprintf("config:%d:%s", generation, webhook)
}

// What is looked for, in the words of the lines.

func WantEvent(id string) LookupKey {
	// An app may write an id with escapes that it does not need.
	return LookupKey{idKey(id), event.AppendString(nil, id), true}
}

func WantAttempts(id string) LookupKey {
	return LookupKey{key: idKey(id), needle: event.AppendString(nil, id)}
}

func WantSeq(seq history.Seq) LookupKey {
	return LookupKey{key: seqKey(seq), needle: fmt.Appendf(nil, `"seq":%d,`, seq)}
}

func WantResends(seq history.Seq) LookupKey {
	return LookupKey{key: ofKey(seq), needle: fmt.Appendf(nil, `"of":%d,`, seq)}
}

func WantConfig(generation history.Generation, webhook string) LookupKey {
	return LookupKey{key: configKey(generation, webhook), needle: fmt.Appendf(nil, `"kind":"config","generation":%d,`, generation)}
}
