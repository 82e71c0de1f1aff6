package history

import (
	"time"

	"sidehook/history/segment"
)

// restoring brings a journal to where it was: the cursors, then what the
// deliveries say since, then the events since. Without cursors the same steps
// begin at the first line of each stream, one segment's chunk in memory at a
// time.
type restoring struct {
	*Journal
	opts Options

	// waits of each queue by their seq, while lines move and end them.
	waits map[*Queue]map[uint64]wait
	told  uint64 // the highest seq that the deliveries speak of
}

func (r *restoring) run() error {
	now := time.Now()
	c, problem := loadCursors(r.fs)
	if problem != nil {
		r.log.Warn("cannot use the cursors as they are", "error", problem)
	}
	if c == nil {
		c = &cursors{}
	}
	deliveries, err := r.recover(segment.Deliveries, c.Deliveries, 0)
	if err != nil {
		return err
	}
	defer deliveries.Archive.Close()
	if c.Deliveries.Number > 0 && !deliveries.Trusted {
		c = r.distrust(c)
	}
	var events *segment.Recovered
	for {
		r.adopt(c, now)
		if err := r.replay(deliveries, c.Deliveries, func(l *segment.Line) { r.delivery(l, now) }); err != nil {
			return err
		}
		if events == nil {
			// The deliveries come first: an event that they speak of was synced.
			if events, err = r.recover(segment.Events, c.Events, max(r.told, c.Spoken)); err != nil {
				return err
			}
			if c.Events.Number > 0 && !events.Trusted {
				c = r.distrust(c)
				continue
			}
		}
		break
	}
	r.Journal.events = events.Archive
	r.indexer = newIndexer(r.fs, r.log)
	r.commits = newCommitter(events.Writer, &room{fs: r.fs, log: r.log}, r.grow, r.publish, r.opts.Committed)
	r.outcomes = newOutcomes(deliveries.Writer, r.wakeAll, r.indexer.finished, r.log)
	if err := r.replay(events, c.Events, r.event); err != nil {
		return err
	}
	r.settle()
	r.published = events.Writer.Position()
	r.spoken = events.Writer.Next() - 1
	return r.remember()
}

// distrust says in the log that the cursors are of another history than the
// segments, and what is left of them: the generation, which only counts up.
func (r *restoring) distrust(c *cursors) *cursors {
	r.log.Warn("the cursors contradict the history; reading all of it")
	return &cursors{Generation: c.Generation, Hash: c.Hash}
}

// adopt puts the queues where the cursors say.
func (r *restoring) adopt(c *cursors, now time.Time) {
	r.queues, r.waits = map[string]*Queue{}, map[*Queue]map[uint64]wait{}
	r.generation, r.hash = c.Generation, c.Hash
	r.published = c.Events.unpack()
	for name, x := range c.Webhooks {
		r.Queue(name).restore(&x, c.At, now)
	}
}

// recover opens a stream and says in the log what a crash did to it.
func (r *restoring) recover(stream segment.Stream, known position, proven uint64) (*segment.Recovered, error) {
	found, err := segment.Recover(r.fs, stream, segment.Options{Limit: r.opts.SegmentSize, Known: known.unpack(), Proven: proven})
	if err != nil {
		return nil, err
	}
	if found.Cut > 0 {
		r.log.Warn("cut off what a crash left half-written, never acknowledged; it is kept in NAME.torn",
			"stream", stream.Name, "bytes", found.Cut)
	}
	return found, nil
}

// replay visits all records behind a position.
func (r *restoring) replay(found *segment.Recovered, from position, visit func(*segment.Line)) error {
	return r.walk(found.Archive, from.unpack().Last, func(line *segment.Line) bool {
		visit(line)
		return true
	})
}

// walk visits all records behind the one at a place, until visit is false; the
// zero place is ahead of the first one.
func (j *Journal) walk(archive *segment.Archive, behind segment.Place, visit func(*segment.Line) bool) error {
	more := true
	for _, first := range archive.Segments() {
		if first < behind.Segment {
			continue
		}
		offset := int64(0)
		if first == behind.Segment {
			offset = behind.End()
		}
		err := visitLines(archive, first, offset, j.damaged, func(line *segment.Line) bool {
			more = visit(line)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// waiting are the waits of a queue, by seq.
func (r *restoring) waiting(q *Queue) map[uint64]wait {
	m, ok := r.waits[q]
	if !ok {
		m = make(map[uint64]wait, len(q.waits))
		for _, w := range q.waits {
			m[w.seq] = w
		}
		q.waits = nil
		r.waits[q] = m
	}
	return m
}

// delivery takes in one record of the deliveries. Records that the cursors
// already cover may come again, and change nothing.
func (r *restoring) delivery(line *segment.Line, now time.Time) {
	d := parseOutcome(line)
	r.generation = max(r.generation, d.Generation)
	if d.Kind == kindWebhook {
		q := r.Queue(d.Webhook)
		q.state = d.state()
		q.row.forget(q.state)
		return
	}
	if d.Kind != kindAttempt {
		return
	}
	r.told = max(r.told, d.Seq)
	r.Queue(d.Webhook).row.replay(&d)
	q := r.Queue(d.queue())
	waits := r.waiting(q)
	w, waited := waits[d.Seq]
	unbegun := q.next() <= d.Seq && !q.skip.has(d.Seq)
	if !waited && !unbegun {
		return // ended ahead of the cursors
	}
	if unbegun {
		q.skip.add(d.Seq)
		if d.Seq <= q.last {
			q.unread--
		}
	}
	if d.Status != Retrying {
		delete(waits, d.Seq)
		if d.Seq <= q.last { // else it is not counted yet
			q.backlog.subtract(w.size())
		}
		return
	}
	w.seq, w.attempts = d.Seq, d.Attempt
	if d.Again {
		w.attempts--
	}
	w.due = r.now() + remaining(d.Next, d.At, now)
	waits[d.Seq] = w
}

// next is the lowest number that may not have been begun.
func (q *Queue) next() uint64 {
	if q.unread > 0 {
		return q.more.seq
	}
	return q.last + 1
}

// event takes in one record of the events, behind the cursors.
func (r *restoring) event(line *segment.Line) {
	a := parseAccepted(line)
	r.generation = max(r.generation, a.Generation)
	for _, name := range a.To {
		q := r.Queue(name)
		if a.Seq <= q.last {
			continue
		}
		q.last = a.Seq
		waits := r.waiting(q)
		w, waited := waits[a.Seq]
		switch {
		case waited:
			w.place, w.of, w.accepted = a.Place, a.Of, a.At.UnixNano()
			waits[a.Seq] = w
		case q.skip.has(a.Seq): // it has ended
			continue
		default:
			if q.unread == 0 {
				q.more = mark{a.Seq, a.Place}
			}
			q.unread++
		}
		q.backlog.add(int64(a.Place.Length))
	}
}

// settle makes heaps of the waits again, drops what the readers need not know,
// and counts anew: a delivery that waits may be of an event whose record is
// damaged, and which was not met.
func (r *restoring) settle() {
	for q, m := range r.waits {
		for _, w := range m {
			q.waits.push(w)
		}
	}
	for _, q := range r.queues {
		if q.unread == 0 {
			q.skip = nil
		} else {
			q.skip.dropBelow(q.more.seq)
		}
		q.backlog.Events = len(q.waits) + q.unread
		if q.backlog.Events == 0 {
			q.backlog.Bytes = 0
		}
	}
}
