package book

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

// After reads the records after a seq, in order and at most so many. Events come without
// their lines.
func (b *Book) After(ctx context.Context, seq history.Seq, most int) (list []Record, err error) {
	rows, err := b.db.Query(ctx, `SELECT seq, at, of, size, webhooks, CASE WHEN kind <> 'event' THEN line END
		FROM {schema}.events WHERE seq > $1 ORDER BY seq LIMIT $2`, int64(seq), most)
	if err != nil {
		return nil, database.Redacted(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		var number, at, of, size int64
		if err := rows.Scan(&number, &at, &of, &size, &r.Webhooks, &r.Line); err != nil {
			return nil, err
		}
		r.Seq, r.At, r.Of, r.Size = history.Seq(number), time.Unix(0, at), history.Seq(of), uint32(size)
		list = append(list, r)
	}
	return list, database.Redacted(rows.Err())
}

// Lines returns the lines of events, by seq. Those that are not there any more are left
// out.
func (b *Book) Lines(ctx context.Context, seqs []history.Seq) (map[history.Seq][]byte, error) {
	numbers := make([]int64, len(seqs))
	for i, seq := range seqs {
		numbers[i] = int64(seq)
	}
	rows, err := b.db.Query(ctx, `SELECT seq, line FROM {schema}.events WHERE seq = ANY ($1)`, numbers)
	if err != nil {
		return nil, database.Redacted(err)
	}
	defer rows.Close()
	lines := make(map[history.Seq][]byte, len(seqs))
	for rows.Next() {
		var seq int64
		var line []byte
		if err := rows.Scan(&seq, &line); err != nil {
			return nil, err
		}
		lines[history.Seq(seq)] = line
	}
	return lines, database.Redacted(rows.Err())
}

// Delivery is a record for one webhook. If Ends, it is of a rename and ends the delivery
// of the webhook, which is the former name.
type Delivery struct {
	Record
	Ends bool
}

// For visits the records for a webhook after a seq and up to another one, in order. They
// have their lines if these tell more than that an event was accepted. The lines are
// valid until visit returns.
func (b *Book) For(ctx context.Context, webhook string, after, upto history.Seq, visit func(*Delivery)) error {
	rows, err := b.db.Query(ctx, `
		SELECT e.seq, e.at, e.of, e.size, t.ends > 0, CASE WHEN e.kind <> 'event' OR position('"expirytime"'::bytea IN e.line) > 0 THEN e.line END
		FROM {schema}.targets t JOIN {schema}.events e ON e.seq = t.seq
		WHERE t.webhook = $1 AND t.seq > $2 AND t.seq <= $3 ORDER BY t.seq`, webhook, int64(after), int64(upto))
	if err != nil {
		return database.Redacted(err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Delivery
		var seq, at, of, size int64
		if err := rows.Scan(&seq, &at, &of, &size, &d.Ends, (*shared)(&d.Line)); err != nil {
			return err
		}
		d.Seq, d.At, d.Of, d.Size = history.Seq(seq), time.Unix(0, at), history.Seq(of), uint32(size)
		visit(&d)
	}
	return database.Redacted(rows.Err())
}

// Attempts visits what was recorded of a webhook after a line, without late attempts and
// tests, in order. All times are by the database's clock.
func (b *Book) Attempts(ctx context.Context, webhook string, after history.LineNo, visit func(*history.DeliveryRecord)) error {
	rows, err := b.db.Query(ctx, `SELECT n, at, skew, line FROM {schema}.attempts
		WHERE webhook = $1 AND n > $2 AND NOT late ORDER BY n`, webhook, int64(after))
	if err != nil {
		return database.Redacted(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n, at, skew int64
		var line []byte
		if err := rows.Scan(&n, &at, &skew, (*shared)(&line)); err != nil {
			return err
		}
		d := history.ParseDeliveryFields(line)
		d.N, d.At = history.LineNo(n), time.Unix(0, at)
		for _, t := range [...]*time.Time{&d.Next, &d.Throttled, &d.Until} {
			if !t.IsZero() {
				*t = t.Add(time.Duration(skew))
			}
		}
		if !d.Test {
			visit(&d)
		}
	}
	return database.Redacted(rows.Err())
}

// Attempted visits the attempts at the deliveries of records, by any member, in order. What
// is visited is valid until visit returns.
func (b *Book) Attempted(ctx context.Context, seqs []history.Seq, visit func(*history.DeliveryRecord)) error {
	numbers := make([]int64, len(seqs))
	for i, seq := range seqs {
		numbers[i] = int64(seq)
	}
	rows, err := b.db.Query(ctx, `SELECT line FROM {schema}.attempts WHERE seq = ANY ($1) AND kind = 'attempt' AND NOT late ORDER BY n`, numbers)
	if err != nil {
		return database.Redacted(err)
	}
	var line []byte
	_, err = pgx.ForEachRow(rows, []any{(*shared)(&line)}, func() error {
		d := history.ParseDeliveryFields(line)
		visit(&d)
		return nil
	})
	return database.Redacted(err)
}

// Last returns the seq of the last record there is.
func (b *Book) Last(ctx context.Context) (history.Seq, error) {
	rows, err := b.db.Query(ctx, `SELECT last FROM {schema}.head WHERE stream = 'events'`)
	if err != nil {
		return 0, database.Redacted(err)
	}
	var last int64
	_, err = pgx.ForEachRow(rows, []any{&last}, func() error { return nil })
	return history.Seq(last), database.Redacted(err)
}

// Measure visits the records of some seqs, without their lines.
func (b *Book) Measure(ctx context.Context, seqs []history.Seq, visit func(*Record)) error {
	numbers := make([]int64, len(seqs))
	for i, seq := range seqs {
		numbers[i] = int64(seq)
	}
	rows, err := b.db.Query(ctx, `SELECT seq, of, size FROM {schema}.events WHERE seq = ANY ($1)`, numbers)
	if err != nil {
		return database.Redacted(err)
	}
	var seq, of, size int64
	_, err = pgx.ForEachRow(rows, []any{&seq, &of, &size}, func() error {
		visit(&Record{Seq: history.Seq(seq), Of: history.Seq(of), Size: uint32(size)})
		return nil
	})
	return database.Redacted(err)
}
