// Package book reads the events from PostgreSQL for the queues: it is their queue.Book,
// and reads what the queues of a new owner are built from.
//
// What it returns is committed, and complete up to the seq that it was asked for (P1).
// Package member calls it.
package book

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"sidehook/history"
	"sidehook/history/internal/pending"
	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// Book is the queue.Book of a member.
type Book struct{ db *database.DB }

func New(db *database.DB) *Book { return &Book{db} }

const (
	// readTimeout is how long one reading may take.
	readTimeout = 10 * time.Second
	// blockSize is how many seqs are kept or removed together, as far as the queues
	// know: partitions have bounds of their own, and are larger.
	blockSize = 1000
	// chunkBytes bounds the lines of events that are read at a time. The others are
	// loaded one by one.
	chunkBytes = 4 << 20
)

// Bounds returns the block of a seq.
func (b *Book) Bounds(seq history.Seq) (first, next history.Seq) {
	first = seq - seq%blockSize
	return first, first + blockSize
}

// Location returns a record's block and size in the form of a location.
func Location(seq history.Seq, size uint32) history.Location {
	return history.Location{Segment: uint64(seq - seq%blockSize), Length: size}
}

// Record is a record of the events.
type Record struct {
	Seq      history.Seq
	At       time.Time
	Of       history.Seq
	Size     uint32
	Webhooks string // that it is for, with spaces between
	Line     []byte // of events it is nil, if it was not asked for
}

// Event returns the record in the vocabulary of the history. It needs the line, but for
// an event of which nothing is needed but that it was accepted.
func (r *Record) Event() history.EventRecord {
	a := history.EventRecord{Kind: history.KindEvent}
	if r.Line != nil {
		a = history.ParseEventFields(r.Line)
	}
	a.Seq, a.At, a.Location = r.Seq, r.At, Location(r.Seq, r.Size)
	return a
}

// Follow reads on for a webhook. The Location of a mark means nothing.
func (b *Book) Follow(webhook string, from queue.Mark, last history.Seq, keep func(*queue.Body) bool, stop queue.StopFunc) (found []queue.Item, next queue.Mark, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	rows := b.db.Query(ctx, `
		SELECT e.seq, e.at, e.of, e.size, CASE WHEN e.kind <> 'event' OR e.total <= $4 THEN e.line END FROM (
			SELECT e.*, sum(e.size) OVER (ORDER BY t.seq) AS total
			FROM (SELECT seq FROM {schema}.targets WHERE webhook = $1 AND seq >= $2 AND seq <= $3 AND ends = 0 ORDER BY seq LIMIT $5) t
			JOIN {schema}.events e ON e.seq = t.seq
		) e ORDER BY e.seq`, database.Text(webhook), database.Int8(from.Seq), database.Int8(last), database.Int8(chunkBytes), database.Int8(queue.ChunkSize))
	defer rows.Close()
	next = from
	var r Record
	for r.next(rows) {
		if stop != nil && stop(r.Seq, r.At.UnixNano()) {
			next.Seq = r.Seq
			return found, next, nil
		}
		a := r.Event()
		it := pending.ItemOf(&a)
		if a.Event != nil {
			if body := pending.NewBody(a.Event, a.Filled, a.Failures); keep(body) {
				body.JSON = bytes.Clone(body.JSON) // rows share their memory
				it.Body = body
			}
		}
		found = append(found, it)
		next = queue.Mark{Seq: it.Number + 1, At: it.AcceptedAt}
	}
	if err := rows.Close(); err != nil {
		return nil, from, err
	}
	if len(found) < queue.ChunkSize {
		next.Seq = last + 1
	}
	return found, next, nil
}

// next reads a row of seq, at, of, size and line, which shares the memory of rows.
func (r *Record) next(rows *database.Rows) bool {
	var seq, at, of, size int64
	more := rows.Next(&seq, &at, &of, &size, (*database.Shared)(&r.Line))
	r.Seq, r.At, r.Of, r.Size = history.Seq(seq), time.Unix(0, at), history.Seq(of), uint32(size)
	return more
}

// Load fills in an item.
func (b *Book) Load(it *queue.Item) error {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	rows := b.db.Query(ctx, `SELECT e.at, e.size, e.line, o.line FROM {schema}.events e
		LEFT JOIN {schema}.events o ON e.of > 0 AND o.seq = e.of WHERE e.seq = $1`, database.Int8(it.Number))
	r := Record{Seq: it.Number}
	var at, size int64
	var of []byte
	rows.Next(&at, &size, &r.Line, &of)
	switch err := rows.Close(); {
	case err != nil:
		return err
	case r.Line == nil:
		return fmt.Errorf("%w: record %d is not in the database", history.ErrDamaged, it.Number)
	}
	r.At, r.Size = time.Unix(0, at), uint32(size)
	a := r.Event()
	e := a
	*it = pending.ItemOf(&a)
	if a.Of != 0 {
		if of == nil {
			return fmt.Errorf("%w: record %d is not in the database", history.ErrDamaged, a.Of)
		}
		e = history.ParseEventFields(of)
		it.Length = uint32(len(e.Event))
	}
	it.Body = pending.BodyOf(&a, &e)
	return nil
}
