package archive

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/postgres/columns"
	"sidehook/history/query"
)

// Summaries returns how deliveries went from since on and before until, and what waits
// now, by webhook, in the order of their names; only one webhook if it is named.
func (r *Reader) Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error) {
	ctx := context.Background()
	stats, err := r.stats(ctx, since, until, query.ChartParts)
	if err != nil {
		return nil, err
	}
	waiting, err := r.Backlogs()
	if err != nil {
		return nil, err
	}
	outages, err := r.outages(ctx, since, until)
	if err != nil {
		return nil, err
	}
	return query.Summarize(webhook, since, until, stats, waiting, outages), nil
}

// stats counts the attempts by webhook, with a chart of so many parts.
func (r *Reader) stats(ctx context.Context, since, until time.Time, parts int) ([]query.Stats, error) {
	t := query.NewTally(since, until, parts)
	from := since.Truncate(time.Minute)
	// The part is that of the minute, as in query.Tally.
	err := r.counted(ctx, from, until, `least($4::float8 - 1, trunc($4::float8 * ((at - $1) / $3 * $3)::float8 / $5::float8))::bigint`,
		[]any{float64(parts), float64(max(until.Sub(from), 1))}, func(webhook string, part int64, x *index.Tally) bool {
			t.AddPart(webhook, int(part), x)
			return true
		})
	return t.Stats(), err
}

// counted calls visit for the attempts from since on and before until of each webhook
// and place, in parts. place is made of at, from $1 and of the length of a minute, $3.
func (r *Reader) counted(ctx context.Context, since, until time.Time, place string, args []any, visit func(webhook string, place int64, x *index.Tally) bool) error {
	var webhook string
	var at, n int64
	var took, counts int32
	return r.each(ctx, `SELECT webhook, `+place+` AS place, took, counts, count(*) FROM {schema}.attempts
		WHERE at >= $1 AND at < $2 AND counts <> 0 AND $3 > 0 GROUP BY webhook, place, took, counts`,
		append([]any{nanos(since), nanos(until), int64(time.Minute)}, args...), []any{&webhook, &at, &took, &counts, &n}, func() bool {
			var x index.Tally
			columns.Add(&x, took, counts, uint64(n))
			return visit(webhook, at, &x)
		})
}

// Recent visits the minutes from since on with the attempts before until, in parts, until
// visit returns false.
func (r *Reader) Recent(since, until time.Time, visit func(*query.Minute) bool) error {
	if from := since.Truncate(time.Minute); from.Before(since) {
		since = from.Add(time.Minute)
	}
	return r.counted(context.Background(), since, until, `(at - $1) / $3`, nil, func(webhook string, place int64, x *index.Tally) bool {
		return visit(query.MinuteOf(&index.Minute{Webhook: webhook, At: since.Add(time.Duration(place) * time.Minute), Tally: *x}))
	})
}

// outages returns when each webhook was failing or disabled within a span.
func (r *Reader) outages(ctx context.Context, since, until time.Time) (query.Outages, error) {
	all := query.Outages{}
	var x deliveryRow
	err := r.each(ctx, `SELECT `+deliveryColumns+` FROM {schema}.attempts WHERE kind = 'webhook' AND NOT late ORDER BY n`, nil, x.scanned(), func() bool {
		o := x.record()
		all.Learn(&o)
		return true
	})
	return all.Within(since, until), err
}
