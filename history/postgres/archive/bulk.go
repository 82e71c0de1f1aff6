package archive

import (
	"context"
	"strconv"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// Bulk finds the deliveries to resend (query.FindBulk).
func (r *Reader) Bulk(ctx context.Context, b query.Bulk) (query.Matches, error) {
	return query.FindBulk(ctx, r, b)
}

// Last returns the seq of the last record of the events.
func (r *Reader) Last(ctx context.Context) (history.Seq, error) {
	last, err := r.last(ctx, events)
	return history.Seq(last), err
}

// Ended visits the attempts that match until visit returns false.
func (r *Reader) Ended(q query.Query, visit func(query.Ended) bool) error {
	return r.Attempts(q, func(o *history.DeliveryRecord) bool { return visit(query.EndedBy(o)) })
}

// Resends visits the resends, and the renames, that may be from since on, the oldest
// first, until visit returns false.
func (r *Reader) Resends(since time.Time, visit func(*history.EventRecord) bool) error {
	ctx := context.Background()
	for after, more := int64(0), true; more; {
		w := &where{}
		w.add(`of > 0 AND seq > ?`, database.Int8(after))
		w.within(since, time.Time{})
		w.args = append(w.args, database.Int8(rowsMost))
		var x eventRow
		rows := 0
		err := r.each(ctx, `SELECT `+eventColumns+` FROM {schema}.events WHERE `+w.String()+` ORDER BY seq LIMIT $`+strconv.Itoa(len(w.args)), w.args, x.scanned(), func() bool {
			after, rows = x.seq, rows+1
			a := x.record()
			more = visit(&a)
			return more
		})
		if err != nil {
			return err
		}
		more = more && rows == rowsMost
	}
	return nil
}

// Removed returns a function that reports whether retention has removed a record.
func (r *Reader) Removed() (func(history.Seq) bool, error) {
	var first int64
	err := r.each(context.Background(), `SELECT coalesce((SELECT min(first) FROM {schema}.parts WHERE stream = 'events'), 1)`, nil, []any{&first}, func() bool { return true })
	return func(seq history.Seq) bool { return int64(seq) < first }, err
}

// Resend finds a resend in bulk (query.FindResend).
func (r *Reader) Resend(ctx context.Context, id string) (*query.ResendProgress, error) {
	return query.FindResend(ctx, r, id)
}

// Update reads what has ended of a resend since the last call. It is false if a webhook
// has been renamed meanwhile: then the resend must be found anew.
func (r *Reader) Update(ctx context.Context, p *query.ResendProgress) (ok bool, err error) {
	last, err := r.last(ctx, attempts)
	if err != nil {
		return true, err
	}
	for _, span := range p.Spans() {
		if p.Done() {
			break
		}
		var x deliveryRow
		err := r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts
			WHERE seq BETWEEN $1 AND $2 AND n > $3 AND n <= $4 AND kind = 'attempt' AND status <> 'retrying' ORDER BY n`,
			[]database.Argument{database.Int8(span[0]), database.Int8(span[1]), database.Int8(p.Read), database.Int8(last)}, x.scanned(), func() bool {
				o := x.record()
				p.Learn(&o)
				return !p.Done()
			})
		if err != nil {
			return true, err
		}
	}
	p.Read = history.LineNo(last)
	return !p.Moved(), ctx.Err()
}
