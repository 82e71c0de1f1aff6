// Package archive reads the history in PostgreSQL: attempts, events and what became of
// them, statistics, and the records as they are written. Its answers are those of package
// query for the same records, from any member; what it takes to give them is shared.
//
// It changes nothing. A search goes through the partitions from the newest to the oldest,
// some rows at a time, so that it ends when its caller has enough, holds no connection
// while that works, and has each statement plan for one partition alone. A partition that
// is removed meanwhile has no rows.
package archive

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/internal/jsonl"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// Reader reads the history. It is for concurrent use.
type Reader struct{ db *database.DB }

func New(db *database.DB) *Reader { return &Reader{db} }

// Close does nothing: the connections are those of the database.
func (r *Reader) Close() error { return nil }

const (
	// readTimeout is how long one statement may take.
	readTimeout = 30 * time.Second
	// rowsLeast and rowsMost are how many rows a statement returns at first, and at most.
	rowsLeast, rowsMost = 128, 2048
)

// The streams, as the tables name them.
const (
	events   = "events"
	attempts = "attempts"
)

// each calls visit for each row of a statement, until it reports false. row is what a
// row is scanned into. Its errors are as people read them.
func (r *Reader) each(ctx context.Context, sql string, args []database.Argument, row []any, visit func() (more bool)) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows := r.db.Query(ctx, sql, args...)
	defer rows.Close()
	for rows.Next(row...) {
		if !visit() {
			return nil
		}
	}
	return database.Explained(rows.Close())
}

// part is a partition, of the numbers from first to before next.
type part struct{ first, next int64 }

// parts returns the partitions of a stream that have rows, the newest first.
func (r *Reader) parts(ctx context.Context, stream string) (list []part, err error) {
	var p part
	err = r.each(ctx, `SELECT p.first, p.next FROM {schema}.parts p JOIN {schema}.head h ON h.stream = p.stream
		WHERE p.stream = $1 AND p.first <= h.last ORDER BY p.first DESC`, []database.Argument{database.Text(stream)}, []any{&p.first, &p.next}, func() bool {
		list = append(list, p)
		return true
	})
	return list, err
}

// deliveryRow is a row of the attempts. Its line shares the memory of the rows.
type deliveryRow struct {
	n, at int64
	late  bool
	line  database.Shared
}

const deliveryColumns = `n, at, late, line`

func (x *deliveryRow) scanned() []any { return []any{&x.n, &x.at, &x.late, &x.line} }

// record returns the row in the vocabulary of the history, in memory of its own.
func (x *deliveryRow) record() history.DeliveryRecord {
	fields := x.line
	if x.late {
		fields = append(fields[:len(fields):len(fields)], `,"late":true`...)
	}
	at := time.Unix(0, x.at).UTC()
	raw, fields := jsonl.AppendBare(nil, "n", uint64(x.n), at, fields)
	o := history.ParseDeliveryFields(fields)
	o.N, o.At, o.Raw = history.LineNo(x.n), at, raw
	return o
}

// eventRow is a row of the events. Its line shares the memory of the rows.
type eventRow struct {
	seq, at int64
	size    int32
	line    database.Shared
}

const eventColumns = `seq, at, size, line`

func (x *eventRow) scanned() []any { return []any{&x.seq, &x.at, &x.size, &x.line} }

func (x *eventRow) record() history.EventRecord {
	at := time.Unix(0, x.at).UTC()
	raw, fields := jsonl.AppendBare(nil, "seq", uint64(x.seq), at, x.line)
	a := history.ParseEventFields(fields)
	a.Seq, a.At, a.Raw = history.Seq(x.seq), at, raw
	a.Location.Length = uint32(x.size)
	return a
}

// Newest returns the number of the newest record of the deliveries, 0 if there is none.
func (r *Reader) Newest() (history.LineNo, error) {
	n, err := r.last(context.Background(), attempts)
	return history.LineNo(n), err
}

// last returns the last number of a stream.
func (r *Reader) last(ctx context.Context, stream string) (n int64, err error) {
	err = r.each(ctx, `SELECT last FROM {schema}.head WHERE stream = $1`, []database.Argument{database.Text(stream)}, []any{&n}, func() bool { return true })
	return n, err
}

// followEvery is how often Follow reads.
const followEvery = 200 * time.Millisecond

// Follow calls visit for each record of the deliveries after a number, and waits for new
// ones, until ctx is done or visit returns an error. It returns that error.
func (r *Reader) Follow(ctx context.Context, after history.LineNo, visit func(*history.DeliveryRecord) error) error {
	for {
		var x deliveryRow
		var failed error
		found := 0
		err := r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts WHERE n > $1 ORDER BY n LIMIT $2`,
			[]database.Argument{database.Int8(after), database.Int8(rowsLeast)}, x.scanned(), func() bool {
				found++
				o := x.record()
				after = o.N
				failed = visit(&o)
				return failed == nil
			})
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case failed != nil:
			return failed
		case err != nil:
			return err
		case found == rowsLeast:
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(followEvery):
		}
	}
}

var _ query.Records = (*Reader)(nil)
