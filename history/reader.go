package history

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"sidehook/history/segment"
)

// readChunk bounds how many deliveries a claim takes into the window at a time.
const readChunk = 128

// readAgain is how soon a file that could not be read is tried again.
const readAgain = time.Second

// read takes the next unread deliveries into the window. Only one claim does
// that at a time (reading is set); the file is read outside the lock, and
// publish goes on meanwhile.
func (q *Queue) read() {
	q.mu.Lock()
	from, last := q.more, q.last
	q.mu.Unlock()
	found, next, err := q.journal.follow(q.name, from, last, q.journal.keep, nil)
	q.mu.Lock()
	// If there are others than from, all of it has ended meanwhile, and what is
	// unread now came later.
	stands := err == nil && q.unread > 0 && q.more == from
	for i := range found {
		if !stands || q.skip.has(found[i].seq) { // Q3
			q.journal.drop(found[i].body)
			continue
		}
		q.window = append(q.window, found[i])
		q.unread--
	}
	if !stands {
		q.hasRead(err)
		return
	}
	if q.more = next; q.unread > 0 && next.seq > last && q.last == last {
		// All that was published has been read (Q2): the rest is damaged.
		q.journal.log.Error("damaged events cannot be delivered", "webhook", q.name, "count", q.unread)
		q.backlog.Events -= q.unread
		q.unread = 0
		q.recount()
	}
	q.hasRead(nil)
}

// hasRead lets another claim read, and unlocks the queue. If the file cannot be
// read now nothing is lost: it is tried again.
func (q *Queue) hasRead(err error) {
	q.reading = false
	if err != nil {
		q.pause = q.journal.now() + readAgain
	}
	q.mu.Unlock()
	if err != nil {
		q.unreadable.met(q.journal.log, "cannot read waiting events", err, "webhook", q.name)
		return
	}
	q.unreadable.over(q.journal.log, "waiting events can be read again", "webhook", q.name)
	q.awaken()
}

// follow reads on from a mark, up to the record last or ahead of the first that
// stop is true of, if it is not nil, for deliveries to a webhook. It returns a
// chunk of them at most, and where to go on. They have the bodies that keep is
// true of.
func (j *Journal) follow(name string, from mark, last uint64, keep func(*body) bool, stop func(*segment.Line) bool) (found []item, next mark, err error) {
	quoted := []byte(strconv.Quote(name)) // names have nothing to escape
	next = from
	for _, first := range j.events.Segments() {
		if first < from.place.Segment {
			continue
		}
		offset := int64(0)
		if first == from.place.Segment {
			offset = int64(from.place.Offset)
		}
		s, err := j.events.Scan(first, offset)
		if j.vanished(first, err) {
			continue
		}
		if err != nil {
			return found, from, err
		}
		for next.seq <= last && len(found) < readChunk {
			line, ok, err := nextLine(s, j.damaged)
			if j.vanished(first, err) {
				break
			}
			if err != nil {
				return found, from, err
			}
			if !ok {
				break
			}
			if line.Number > last { // those ahead of it are damaged
				next = mark{seq: last + 1, place: line.Place}
				break
			}
			if stop != nil && stop(&line) {
				return found, next, nil
			}
			if goesTo(&line, quoted) {
				it := itemOf(&line, keep)
				found, next.at = append(found, it), it.accepted
			}
			next.seq, next.place = line.Number+1, segment.Place{Segment: first, Offset: uint32(s.Offset())}
		}
		if next.seq > last || len(found) >= readChunk {
			return found, next, nil
		}
	}
	next.seq = last + 1 // the file ends ahead of it
	return found, next, nil
}

// vanished says whether a segment cannot be read because retention has just
// removed it: nothing in it is waited for. Any other one that is missing is an
// error.
func (j *Journal) vanished(first uint64, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && !j.events.Has(first)
}

// goesTo says whether the record is for the webhook of the quoted name.
func goesTo(line *segment.Line, quoted []byte) bool {
	for name, raw := range members(line.Fields()) {
		if name == "to" {
			return bytes.Contains(raw, quoted)
		}
	}
	return false
}

// itemOf makes a delivery of a record just read. The event of a resend stands
// elsewhere, and is read when its turn comes.
func itemOf(line *segment.Line, keep func(*body) bool) item {
	a := parseAccepted(line)
	it := a.item()
	if a.Event != nil {
		if b := newBody(a.Event, a.Filled, a.Failures); keep(b) {
			b.json = bytes.Clone(b.json) // the line's memory is used again
			it.body = b
		}
	}
	return it
}

// load reads the event of an item from where it stands.
func (j *Journal) load(it *item) error {
	line, err := j.record(it.seq, it.place)
	if err != nil {
		return err
	}
	a := parseAccepted(&line)
	found := it.place != line.Place
	*it = a.item()
	e := a
	if a.Kind == kindResend {
		if line, err = j.events.Find(a.Of); err != nil {
			return err
		}
		e = parseAccepted(&line)
		it.length = uint32(len(e.Event))
	}
	if found || a.Kind == kindResend { // with much else around it
		e.Event = bytes.Clone(e.Event)
	}
	it.body = a.bodyOf(&e)
	return nil
}

// record reads a record by its place, or by its number if the place is not
// known or does not hold it.
func (j *Journal) record(seq uint64, place segment.Place) (segment.Line, error) {
	if place.Length > 0 {
		if line, err := j.events.Read(place); err == nil && line.Number == seq {
			return line, nil
		}
	}
	return j.events.Find(seq)
}
