package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/pending"
	"sidehook/history/internal/segment"
	"sidehook/history/queue"
)

// book is the queue.Book of a journal: it reads the stream of the events.
type book struct{ *Journal }

// Bounds returns the first seq of the segment that a record is in, and that of the
// next segment.
func (j book) Bounds(seq history.Seq) (first, next history.Seq) {
	from, to := j.events.Bounds(uint64(seq))
	return history.Seq(from), history.Seq(to)
}

// Follow reads records for a webhook from a mark on, up to the one of the number
// last, at most queue.ChunkSize of them. It returns the mark to read on from.
func (j book) Follow(name string, from queue.Mark, last history.Seq, keep func(*queue.Body) bool, stop queue.StopFunc) (found []queue.Item, next queue.Mark, err error) {
	quoted := []byte(strconv.Quote(name)) // names need no escapes
	next = from
	for _, first := range j.events.Segments() {
		if first < from.Location.Segment {
			continue
		}
		offset := int64(0)
		if first == from.Location.Segment {
			offset = int64(from.Location.Offset)
		}
		s, err := j.events.Scan(first, offset)
		if j.vanished(first, err) {
			continue
		}
		if err != nil {
			return found, from, err
		}
		for next.Seq <= last && len(found) < queue.ChunkSize {
			line, ok, err := s.NextGood(j.reportCorruption)
			if j.vanished(first, err) {
				break
			}
			if err != nil {
				return found, from, err
			}
			if !ok {
				break
			}
			seq := history.Seq(line.Number)
			if seq > last { // the lines before it are damaged
				next = queue.Mark{Seq: last + 1, Location: line.Location}
				break
			}
			if stop != nil && stop(seq, line.At().UnixNano()) {
				return found, next, nil
			}
			if goesTo(&line, quoted) {
				it := itemOf(&line, keep)
				found, next.At = append(found, it), it.AcceptedAt
			}
			next.Seq, next.Location = seq+1, jsonl.Location{Segment: first, Offset: uint32(s.Offset())}
		}
		if next.Seq > last || len(found) >= queue.ChunkSize {
			return found, next, nil
		}
	}
	next.Seq = last + 1 // the file ends before it
	return found, next, nil
}

// vanished reports whether a segment cannot be read because retention has just
// removed it, so that nothing in it is pending. If any other one is missing, that
// is an error.
func (j *Journal) vanished(first uint64, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && !j.events.Has(first)
}

// goesTo reports whether a record is for the webhook of the quoted name.
func goesTo(line *jsonl.Line, quoted []byte) bool {
	for name, raw := range history.Members(line.Fields()) {
		if string(name) == "to" {
			return bytes.Contains(raw, quoted)
		}
	}
	return false
}

// itemOf returns the delivery that a record begins. The event of a resend is in
// another line, and is read when it is needed.
func itemOf(line *jsonl.Line, keep func(*queue.Body) bool) queue.Item {
	a := history.ParseEventRecord(line)
	it := pending.ItemOf(&a)
	if a.Event != nil {
		if b := pending.NewBody(a.Event, a.Filled, a.Failures); keep(b) {
			b.JSON = bytes.Clone(b.JSON) // the memory of the line is reused
			it.Body = b
		}
	}
	return it
}

// Load reads the event of an item.
func (j book) Load(it *queue.Item) error {
	line, err := j.record(it.Number, it.Location)
	if err != nil {
		return missing(err)
	}
	a := history.ParseEventRecord(&line)
	found := it.Location != line.Location
	*it = pending.ItemOf(&a)
	e := a
	if a.Kind == history.KindResend {
		if line, err = j.events.Find(uint64(a.Of)); err != nil {
			return missing(err)
		}
		e = history.ParseEventRecord(&line)
		it.Length = uint32(len(e.Event))
	}
	if found || a.Kind == history.KindResend { // it is part of a large buffer
		e.Event = bytes.Clone(e.Event)
	}
	it.Body = pending.BodyOf(&a, &e)
	return nil
}

// record reads a record by its location, or by its number if the location is
// unknown or wrong.
func (j *Journal) record(seq history.Seq, place jsonl.Location) (jsonl.Line, error) {
	if place.Length > 0 {
		if line, err := j.events.Read(place); err == nil && history.Seq(line.Number) == seq {
			return line, nil
		}
	}
	return j.events.Find(uint64(seq))
}

// missing returns an ErrDamaged if a record is missing or damaged.
func missing(err error) error {
	if segment.IsDamage(err) {
		return fmt.Errorf("%w: %w", history.ErrDamaged, err)
	}
	return err
}
