package archive

import (
	"context"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/postgres/columns"
	"sidehook/history/postgres/database"
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
	err := r.minutes(ctx, since.Truncate(time.Minute), until, func(m *index.Minute) bool {
		t.Add(m)
		return true
	})
	return t.Stats(), err
}

// minutes calls visit for the attempts from since on and before until of each webhook and
// minute, in parts. Partitions that are filled are counted already.
func (r *Reader) minutes(ctx context.Context, since, until time.Time, visit func(*index.Minute) bool) error {
	var p part
	var tallied bool
	var done []int64
	var live []part
	err := r.each(ctx, `SELECT p.first, p.next, p.tallied FROM {schema}.parts p JOIN {schema}.head h ON h.stream = p.stream
		WHERE p.stream = 'attempts' AND p.first <= h.last ORDER BY p.first`, nil, []any{&p.first, &p.next, &tallied}, func() bool {
		switch n := len(live); {
		case tallied:
			done = append(done, p.first)
		case n > 0 && live[n-1].next == p.first:
			live[n-1].next = p.next
		default:
			live = append(live, p)
		}
		return true
	})
	if err != nil {
		return err
	}
	minute := int64(time.Minute)
	more := true
	var m index.Minute
	var at int64
	var took, counts []int32
	var times []int64
	tell := func() bool {
		m.At, m.Tally = time.Unix(0, at*minute).UTC(), index.Tally{}
		for i := range times {
			columns.Add(&m.Tally, took[i], counts[i], uint64(times[i]))
		}
		more = visit(&m)
		return more
	}
	last := nanos(until) - 1
	err = r.each(ctx, `SELECT webhook, minute, took, counts, times FROM {schema}.minutes WHERE n = ANY ($1) AND minute >= $2 AND minute <= $3`,
		[]database.Argument{database.Int8s(done), database.Int8(nanos(since) / minute), database.Int8(last / minute)}, []any{&m.Webhook, &at, &took, &counts, &times}, tell)
	took, counts, times = make([]int32, 1), make([]int32, 1), make([]int64, 1)
	for _, p := range live {
		if err != nil || !more {
			break
		}
		err = r.each(ctx, `SELECT webhook, at / $5, took, counts, count(*) FROM {schema}.attempts
			WHERE n >= $1 AND n < $2 AND at >= $3 AND at <= $4 AND counts <> 0 GROUP BY 1, 2, 3, 4`,
			[]database.Argument{database.Int8(p.first), database.Int8(p.next), database.Int8(nanos(since)), database.Int8(last), database.Int8(minute)}, []any{&m.Webhook, &at, &took[0], &counts[0], &times[0]}, tell)
	}
	return err
}

// Recent visits the minutes from since on with the attempts before until, in parts, until
// visit returns false.
func (r *Reader) Recent(since, until time.Time, visit func(*query.Minute) bool) error {
	if from := since.Truncate(time.Minute); from.Before(since) {
		since = from.Add(time.Minute)
	}
	return r.minutes(context.Background(), since, until, func(m *index.Minute) bool { return visit(query.MinuteOf(m)) })
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
