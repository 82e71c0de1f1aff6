package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/internal/segment"
	"sidehook/history/queue"
)

// book is the Book of a journal: it reads the segments of the events.
type book struct{ *Journal }

// Bounds are those of the segment that holds a record.
func (j book) Bounds(seq history.Seq) (first, next history.Seq) {
	from, to := j.events.Bounds(uint64(seq))
	return history.Seq(from), history.Seq(to)
}

// Follow reads on through the segments.
func (j book) Follow(name string, from queue.Mark, last history.Seq, keep func(*queue.Body) bool, stop queue.StopFunc) (found []queue.Item, next queue.Mark, err error) {
	quoted := []byte(strconv.Quote(name)) // names have nothing to escape
	next = from
	for _, first := range j.events.Segments() {
		if first < from.Place.Segment {
			continue
		}
		offset := int64(0)
		if first == from.Place.Segment {
			offset = int64(from.Place.Offset)
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
			if seq > last { // those ahead of it are damaged
				next = queue.Mark{Seq: last + 1, Place: line.Location}
				break
			}
			if stop != nil && stop(seq, line.At().UnixNano()) {
				return found, next, nil
			}
			if goesTo(&line, quoted) {
				it := followed(&line, keep)
				found, next.At = append(found, it), it.AcceptedAt
			}
			next.Seq, next.Place = seq+1, jsonl.Location{Segment: first, Offset: uint32(s.Offset())}
		}
		if next.Seq > last || len(found) >= queue.ChunkSize {
			return found, next, nil
		}
	}
	next.Seq = last + 1 // the file ends ahead of it
	return found, next, nil
}

// vanished reports whether a segment cannot be read because retention has just
// removed it: nothing in it is waited for. Any other one that is missing is an
// error.
func (j *Journal) vanished(first uint64, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && !j.events.Has(first)
}

// goesTo reports whether the record is for the webhook of the quoted name.
func goesTo(line *jsonl.Line, quoted []byte) bool {
	for name, raw := range history.Members(line.Fields()) {
		if name == "to" {
			return bytes.Contains(raw, quoted)
		}
	}
	return false
}

// followed makes a delivery of a record just read. The event of a resend stands
// elsewhere, and is read when its turn comes.
func followed(line *jsonl.Line, keep func(*queue.Body) bool) queue.Item {
	a := history.ParseEventRecord(line)
	it := queue.ItemOf(&a)
	if a.Event != nil {
		if b := queue.NewBody(a.Event, a.Filled, a.Failures); keep(b) {
			b.JSON = bytes.Clone(b.JSON) // the line's memory is used again
			it.Body = b
		}
	}
	return it
}

// Load reads the event of an item from where it stands.
func (j book) Load(it *queue.Item) error {
	line, err := j.record(it.Number, it.Place)
	if err != nil {
		return missing(err)
	}
	a := history.ParseEventRecord(&line)
	found := it.Place != line.Location
	*it = queue.ItemOf(&a)
	e := a
	if a.Kind == history.KindResend {
		if line, err = j.events.Find(uint64(a.Of)); err != nil {
			return missing(err)
		}
		e = history.ParseEventRecord(&line)
		it.Length = uint32(len(e.Event))
	}
	if found || a.Kind == history.KindResend { // with much else around it
		e.Event = bytes.Clone(e.Event)
	}
	it.Body = queue.BodyOf(&a, &e)
	return nil
}

// record reads a record by its place, or by its number if the place is not
// known or does not hold it.
func (j *Journal) record(seq history.Seq, place jsonl.Location) (jsonl.Line, error) {
	if place.Length > 0 {
		if line, err := j.events.Read(place); err == nil && history.Seq(line.Number) == seq {
			return line, nil
		}
	}
	return j.events.Find(uint64(seq))
}

// missing is an ErrDamaged if a record could not be had because it is not there,
// or not what was written.
func missing(err error) error {
	if segment.IsDamage(err) {
		return fmt.Errorf("%w: %w", history.ErrDamaged, err)
	}
	return err
}
