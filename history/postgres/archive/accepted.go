package archive

import (
	"context"

	"sidehook/history"
	"sidehook/history/postgres/database"
)

// Accepted visits the accepted events and resends, the newest first, until visit returns
// false.
func (r *Reader) Accepted(visit func(*history.EventRecord) bool) error {
	ctx := context.Background()
	w := &where{}
	w.add(`true`)
	s := scan{stream: events, number: "seq", columns: eventColumns, where: w}
	return r.backward(ctx, &s, 1<<63-1, func(sql string, args []database.Argument) (last int64, rows int, more bool, err error) {
		var x eventRow
		more = true
		err = r.each(ctx, sql, args, x.scanned(), func() bool {
			last, rows = x.seq, rows+1
			a := x.record()
			more = visit(&a)
			return more
		})
		return last, rows, more, err
	})
}

// NewestEvent returns the seq of the newest event or resend, 0 if there is none.
func (r *Reader) NewestEvent() (history.Seq, error) {
	n, err := r.last(context.Background(), events)
	return history.Seq(n), err
}
