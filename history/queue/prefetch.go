package queue

import "time"

// ChunkSize bounds how many deliveries a claim takes into the window at a time.
const ChunkSize = 128

// readAgain is how soon a file that could not be read is tried again.
const readAgain = time.Second

// read takes the next unread deliveries into the window. Only one claim does
// that at a time (reading is set); the file is read outside the lock, and
// publish goes on meanwhile.
func (q *Queue) read() {
	q.mu.Lock()
	from, last := q.readPosition, q.last
	q.mu.Unlock()
	found, next, err := q.set.book.Follow(q.name, from, last, q.set.keep, nil)
	q.mu.Lock()
	// If there are others than from, all of it has ended meanwhile, and what is
	// unread now came later.
	stands := err == nil && q.unread > 0 && q.readPosition == from
	for i := range found {
		if !stands || q.startedSeqs.Has(found[i].Number) { // Q3
			q.set.drop(found[i].Body)
			continue
		}
		q.prefetch = append(q.prefetch, found[i])
		q.unread--
	}
	if !stands {
		q.hasRead(err)
		return
	}
	if q.readPosition = next; q.unread > 0 && next.Seq > last && q.last == last {
		// All that was published has been read (Q2): the rest is damaged.
		q.set.log.Error("damaged events cannot be delivered", "webhook", q.name, "count", q.unread)
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
		q.pause = q.set.now().Add(readAgain)
	}
	q.mu.Unlock()
	if err != nil {
		q.unreadable.Met(q.set.log, "cannot read waiting events", err, "webhook", q.name)
		return
	}
	q.unreadable.Over(q.set.log, "waiting events can be read again", "webhook", q.name)
	q.awaken()
}
