package book

import (
	"context"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

// After reads the records after a seq, in order and at most so many. Events come without
// their lines.
func (b *Book) After(ctx context.Context, seq history.Seq, most int) (list []Record, err error) {
	rows := b.db.Query(ctx, `SELECT seq, at, of, size, webhooks, CASE WHEN kind <> 'event' THEN line END
		FROM {schema}.events WHERE seq > $1 ORDER BY seq LIMIT $2`, database.Int8(seq), database.Int8(most))
	var r Record
	var number, at, of, size int64
	for rows.Next(&number, &at, &of, &size, &r.Webhooks, &r.Line) {
		r.Seq, r.At, r.Of, r.Size = history.Seq(number), time.Unix(0, at), history.Seq(of), uint32(size)
		list = append(list, r)
	}
	return list, rows.Close()
}

// Lines returns the lines of events, by seq. Those that are not there any more are left
// out.
func (b *Book) Lines(ctx context.Context, seqs []history.Seq) (map[history.Seq][]byte, error) {
	rows := b.db.Query(ctx, `SELECT seq, line FROM {schema}.events WHERE seq = ANY ($1)`, database.Int8s(seqs))
	lines := make(map[history.Seq][]byte, len(seqs))
	var seq int64
	var line []byte
	for rows.Next(&seq, &line) {
		lines[history.Seq(seq)] = line
	}
	return lines, rows.Close()
}

// Delivery is a record for one webhook. If Ends, it is of a rename and ends the delivery
// of the webhook, which is the former name.
type Delivery struct {
	Record
	Ends bool
}

// For visits the records for webhooks, of each after a seq and of all up to another one, in
// order. They have their lines only if these hold more than the acceptance of an event. A
// record is valid until visit returns.
//
// What is read of one webhook is found by index, whatever the planner thinks of the tables:
// OFFSET 0 keeps each LATERAL a loop of its own. So it is in Attempts.
func (b *Book) For(ctx context.Context, webhooks []string, after []history.Seq, upto history.Seq, visit func(webhook string, d *Delivery)) error {
	if len(webhooks) == 0 {
		return nil
	}
	rows := b.db.Query(ctx, `
		SELECT w.webhook, e.seq, e.at, e.of, e.size, t.ends > 0, e.line FROM unnest($1::text[], $2::bigint[]) AS w(webhook, after),
		LATERAL (SELECT x.seq, x.ends FROM {schema}.targets x WHERE x.webhook = w.webhook AND x.seq > w.after AND x.seq > $4 AND x.seq <= $3 OFFSET 0) t,
		LATERAL (SELECT x.seq, x.at, x.of, x.size, CASE WHEN x.kind <> 'event' OR position('"expirytime"'::bytea IN x.line) > 0 THEN x.line END AS line
			FROM {schema}.events x WHERE x.seq = t.seq OFFSET 0) e ORDER BY e.seq`,
		database.Texts(webhooks), database.Int8s(after), database.Int8(upto), database.Int8(slices.Min(after)))
	defer rows.Close()
	var webhook string
	var d Delivery
	var seq, at, of, size int64
	for rows.Next(&webhook, &seq, &at, &of, &size, &d.Ends, (*database.Shared)(&d.Line)) {
		d.Seq, d.At, d.Of, d.Size = history.Seq(seq), time.Unix(0, at), history.Seq(of), uint32(size)
		visit(webhook, &d)
	}
	return rows.Close()
}

// Attempts visits what was recorded of webhooks, of each after a line, without late attempts
// and tests, in order. All times are by the database's clock.
func (b *Book) Attempts(ctx context.Context, webhooks []string, after []history.LineNo, visit func(webhook string, d *history.DeliveryRecord)) error {
	if len(webhooks) == 0 {
		return nil
	}
	rows := b.db.Query(ctx, `SELECT w.webhook, a.n, a.at, a.skew, a.line FROM unnest($1::text[], $2::bigint[]) AS w(webhook, after),
		LATERAL (SELECT x.n, x.at, x.skew, x.line FROM {schema}.attempts x WHERE x.webhook = w.webhook AND x.n > w.after AND x.n > $3 AND NOT x.late OFFSET 0) a
		ORDER BY a.n`, database.Texts(webhooks), database.Int8s(after), database.Int8(slices.Min(after)))
	defer rows.Close()
	var webhook string
	var n, at, skew int64
	var line database.Shared
	for rows.Next(&webhook, &n, &at, &skew, &line) {
		d := history.ParseDeliveryFields(line)
		d.N, d.At = history.LineNo(n), time.Unix(0, at)
		for _, t := range [...]*time.Time{&d.Next, &d.Throttled, &d.Until} {
			if !t.IsZero() {
				*t = t.Add(time.Duration(skew))
			}
		}
		if !d.Test {
			visit(webhook, &d)
		}
	}
	return rows.Close()
}

// Attempted visits the attempts at the deliveries of records, by any member, in order. What
// is visited is valid until visit returns.
func (b *Book) Attempted(ctx context.Context, seqs []history.Seq, visit func(*history.DeliveryRecord)) error {
	rows := b.db.Query(ctx, `SELECT line FROM {schema}.attempts WHERE seq = ANY ($1) AND kind = 'attempt' AND NOT late ORDER BY n`, database.Int8s(seqs))
	defer rows.Close()
	var line database.Shared
	for rows.Next(&line) {
		d := history.ParseDeliveryFields(line)
		visit(&d)
	}
	return rows.Close()
}

// Last returns the seq of the last record there is.
func (b *Book) Last(ctx context.Context) (history.Seq, error) {
	var last int64
	err := b.db.Read(ctx, `SELECT last FROM {schema}.head WHERE stream = 'events'`, nil, &last)
	return history.Seq(last), err
}

// Measure visits the records of some seqs, without their lines.
func (b *Book) Measure(ctx context.Context, seqs []history.Seq, visit func(*Record)) error {
	rows := b.db.Query(ctx, `SELECT seq, of, size FROM {schema}.events WHERE seq = ANY ($1)`, database.Int8s(seqs))
	defer rows.Close()
	var seq, of, size int64
	for rows.Next(&seq, &of, &size) {
		visit(&Record{Seq: history.Seq(seq), Of: history.Seq(of), Size: uint32(size)})
	}
	return rows.Close()
}
