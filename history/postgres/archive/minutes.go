package archive

import (
	"context"
	"maps"
	"slices"
	"time"

	"sidehook/history"
	"sidehook/history/internal/index"
	"sidehook/history/postgres/columns"
	"sidehook/history/postgres/database"
	"sidehook/history/stats"
)

// Recent visits the minutes from since on with the attempts before until, in parts, until
// visit returns false.
func (r *Reader) Recent(since, until time.Time, visit func(*stats.Minute) bool) error {
	return r.minutes(context.Background(), span{since: wholeMinute(since), until: until}, func(m *index.Minute) bool { return visit(stats.MinuteOf(m)) })
}

// RecentOf visits the minutes from since on of some webhooks, in parts, until visit returns
// false: of each with what was recorded up to a line. It reads once for all of them.
func (r *Reader) RecentOf(ctx context.Context, webhooks map[string]history.LineNo, since time.Time, visit func(*stats.Minute) bool) error {
	if len(webhooks) == 0 {
		return nil
	}
	s := span{since: wholeMinute(since), webhooks: slices.Collect(maps.Keys(webhooks))}
	for _, name := range s.webhooks {
		s.upto = append(s.upto, int64(webhooks[name]))
	}
	return r.minutes(ctx, s, func(m *index.Minute) bool { return visit(stats.MinuteOf(m)) })
}

// wholeMinute returns when the first minute begins that is not before a moment.
func wholeMinute(t time.Time) time.Time {
	return t.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
}

// span is which attempts are counted: from since on, and either of all webhooks and before
// until, or of some, of each up to a line.
type span struct {
	since, until time.Time
	webhooks     []string // nil: all
	upto         []int64
}

// minutes calls visit for the attempts of a span by webhook and minute, in parts.
// Partitions that are filled are counted already.
func (r *Reader) minutes(ctx context.Context, s span, visit func(*index.Minute) bool) error {
	done, live, err := r.countedParts(ctx, &s)
	if err != nil {
		return err
	}
	const minute = int64(time.Minute)
	last := int64(1<<63 - 1)
	if s.webhooks == nil {
		last = nanos(s.until) - 1
	}
	more := true
	var m index.Minute
	var at int64
	var took, counts []int32
	var times []int64
	row := []any{&m.Webhook, &at, &took, &counts, &times}
	tell := func() bool {
		m.At, m.Tally = time.Unix(0, at*minute).UTC(), index.Tally{}
		for i := range times {
			columns.Add(&m.Tally, took[i], counts[i], uint64(times[i]))
		}
		more = visit(&m)
		return more
	}
	w := &where{}
	w.add(`n = ANY (?)`, database.Int8s(done))
	w.add(`minute BETWEEN ? AND ?`, database.Int8(nanos(s.since)/minute), database.Int8(last/minute))
	if s.webhooks != nil {
		w.add(`webhook = ANY (?)`, database.Texts(s.webhooks))
	}
	err = r.each(ctx, `SELECT webhook, minute, took, counts, times FROM {schema}.minutes WHERE `+w.String(), w.args, row, tell)
	took, counts, times = make([]int32, 1), make([]int32, 1), make([]int64, 1)
	row = []any{&m.Webhook, &at, &took[0], &counts[0], &times[0]}
	for _, p := range live {
		if err != nil || !more {
			break
		}
		w := &where{}
		from := `{schema}.attempts a`
		if s.webhooks != nil {
			from = `unnest($1::text[], $2::bigint[]) AS w(webhook, upto) JOIN {schema}.attempts a ON a.webhook = w.webhook AND a.n <= w.upto`
			w.args = []database.Argument{database.Texts(s.webhooks), database.Int8s(s.upto)}
		}
		w.add(`n >= ? AND n < ?`, database.Int8(p.first), database.Int8(p.next))
		w.add(`at BETWEEN ? AND ? AND counts <> 0`, database.Int8(nanos(s.since)), database.Int8(last))
		err = r.each(ctx, `SELECT a.webhook, at / 60000000000, took, counts, count(*) FROM `+from+` WHERE `+w.String()+` GROUP BY 1, 2, 3, 4`, w.args, row, tell)
	}
	return err
}

// countedParts returns the partitions of the attempts that a span may be in: the first
// numbers of those that are counted, and those whose rows must be read, joined.
func (r *Reader) countedParts(ctx context.Context, s *span) (done []int64, live []part, err error) {
	from, upto := int64(1<<63-1), int64(1<<63-1)
	if s.webhooks != nil {
		from, upto = slices.Min(s.upto), slices.Max(s.upto)
	}
	var p part
	var tallied bool
	err = r.each(ctx, `SELECT p.first, p.next, p.tallied FROM {schema}.parts p JOIN {schema}.head h ON h.stream = p.stream
		WHERE p.stream = 'attempts' AND p.first <= h.last AND p.first <= $1 ORDER BY p.first`, []database.Argument{database.Int8(upto)}, []any{&p.first, &p.next, &tallied}, func() bool {
		switch n := len(live); {
		case tallied && p.next-1 <= from:
			done = append(done, p.first)
		case n > 0 && live[n-1].next == p.first:
			live[n-1].next = p.next
		default:
			live = append(live, p)
		}
		return true
	})
	return done, live, err
}
