package queue

import "time"

// ChunkSize bounds how many deliveries are read at a time.
const ChunkSize = 128

// readAgain is how soon reading that failed is tried again.
const readAgain = time.Second

// read prefetches the next unread deliveries. Only one claim does that at a time
// (reading is set). It reads without the lock, and publish continues meanwhile.
func (q *Queue) read() {
	q.mu.Lock()
	from, last := q.readPosition, q.last
	q.mu.Unlock()
	found, next, err := q.set.book.Follow(q.name, from, last, q.set.bodies.Keep, nil)
	q.mu.Lock()
	// If the position has changed, all deliveries from there on have ended meanwhile,
	// and those that are unread now came later.
	valid := err == nil && q.unread > 0 && q.readPosition == from
	for i := range found {
		if !valid || q.startedSeqs.Has(found[i].Number) { // Q3
			q.set.bodies.Drop(found[i].Body)
			continue
		}
		q.prefetch = append(q.prefetch, found[i])
		q.unread--
	}
	if valid {
		q.readPosition = next
	}
	if valid && q.unread > 0 && next.Seq > last && q.last == last {
		// All that was published has been read (Q2): the rest is damaged.
		q.set.log.Error("damaged events cannot be delivered", "webhook", q.name, "count", q.unread)
		q.unread = 0
		q.recountLocked()
	}
	q.finishReadAndUnlock(err)
}

// finishReadAndUnlock lets another claim read. If reading failed nothing is lost: it
// is tried again.
func (q *Queue) finishReadAndUnlock(err error) {
	q.reading = false
	if err != nil {
		q.pause = q.set.now().Add(readAgain)
	}
	q.mu.Unlock()
	if err != nil {
		q.cannotRead(err)
		return
	}
	q.canRead()
	q.wakeUp()
}

// cannotRead and canRead log when reading begins to fail, and when that ends.
func (q *Queue) cannotRead(err error, fields ...any) {
	q.unreadable.Met(q.set.log, "cannot read waiting events", err, append([]any{"webhook", q.name}, fields...)...)
}

func (q *Queue) canRead() {
	q.unreadable.Over(q.set.log, "waiting events can be read again", "webhook", q.name)
}
