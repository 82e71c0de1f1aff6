package archive

import (
	"context"
	"strconv"
	"strings"

	"sidehook/history"
	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// Attempts visits the attempts that match, the newest first, until visit returns false.
// The records stay valid.
func (r *Reader) Attempts(q query.Query, visit func(*history.DeliveryRecord) bool) error {
	ctx := context.Background()
	if q.Unresolved {
		return query.FindUnresolved(r, r.waitsFor(ctx), q, visit)
	}
	w := attemptsWhere(&q)
	before := int64(1<<63 - 1)
	if q.Before > 0 {
		before = int64(q.Before)
	}
	s := scan{stream: attempts, number: "n", columns: deliveryColumns, where: w}
	return r.backward(ctx, &s, before, func(sql string, args []database.Argument) (last int64, rows int, more bool, err error) {
		var x deliveryRow
		more = true
		err = r.each(ctx, sql, args, x.scanned(), func() bool {
			last, rows = x.n, rows+1
			o := x.record()
			more = !q.Match(&o) || visit(&o)
			return more
		})
		return last, rows, more, err
	})
}

// attemptsWhere returns the conditions of a query. Match is asked, too: they may select
// more.
func attemptsWhere(q *query.Query) *where {
	w := &where{}
	w.add(`kind = 'attempt'`)
	if q.After > 0 {
		w.add(`n > ?`, database.Int8(q.After))
	}
	if q.Webhook != "" {
		w.add(`webhook = ?`, database.Text(q.Webhook))
	}
	w.glob(q.Type)
	if len(q.Statuses) > 0 {
		statuses := make([]string, len(q.Statuses))
		failing := true
		for i, s := range q.Statuses {
			statuses[i] = string(s)
			failing = failing && s != history.Delivered
		}
		w.add(`status = ANY (?)`, database.Texts(statuses))
		if failing {
			w.add(`status <> 'delivered'`) // there is an index of these
		}
	}
	if c := q.Codes; c != (query.Codes{}) {
		w.add(`code BETWEEN ? AND ?`, database.Int8(c.From), database.Int8(c.To))
		if c.To < 200 || c.From > 299 {
			w.add(`(code < 200 OR code > 299)`)
		}
	}
	switch ref := query.ParseEventRef(q.Event); {
	case ref.Seq > 0:
		w.add(`seq = ?`, database.Int8(ref.Seq))
	case ref.ID != "":
		hash := database.Int8(database.Hash(ref.ID))
		w.add(`(id_hash = ? OR sent <> 0 AND sent = ?)`, hash, hash)
	}
	w.within(q.Since, q.Until)
	return w
}

// scan is a search through the partitions of a stream.
type scan struct {
	stream, number, columns string
	*where
	// either adds conditions for a part, of which a row matches one.
	either []func(*where, part)
}

// sql returns the statement for the newest rows of a part.
func (s *scan) sql(p part, limit int) (string, []database.Argument) {
	w := s.where.clone()
	w.add(s.number+` >= ? AND `+s.number+` < ?`, database.Int8(p.first), database.Int8(p.next))
	common := w.String()
	w.args = append(w.args, database.Int8(limit))
	order := ` ORDER BY ` + s.number + ` DESC LIMIT $` + strconv.Itoa(len(w.args))
	from := `SELECT ` + s.columns + ` FROM {schema}.` + s.stream + ` WHERE `
	if len(s.either) == 0 {
		return from + common + order, w.args
	}
	var list []string
	for _, condition := range s.either {
		w.conditions = nil
		condition(w, p)
		list = append(list, `(`+from+common+` AND `+w.String()+order+`)`)
	}
	return `SELECT * FROM (` + strings.Join(list, ` UNION ALL `) + `) x` + order, w.args
}

// backward reads the rows of numbers below before, partition by partition and some at a
// time. read runs a statement, and returns the last number, how many rows there were, and
// whether it wants more.
func (r *Reader) backward(ctx context.Context, s *scan, before int64, read func(sql string, args []database.Argument) (last int64, rows int, more bool, err error)) error {
	parts, err := r.parts(ctx, s.stream)
	if err != nil {
		return err
	}
	limit := rowsLeast
	for _, p := range parts {
		if p.first >= before {
			continue
		}
		for p.next = min(p.next, before); ; {
			sql, args := s.sql(p, limit)
			last, rows, more, err := read(sql, args)
			if err != nil || !more {
				return err
			}
			if rows < limit {
				break
			}
			p.next, limit = last, min(2*limit, rowsMost)
		}
	}
	return nil
}
