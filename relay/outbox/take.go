package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A batch has at most so many rows, and rows are added to it until it has so many bytes.
const (
	batchRows  = 1000
	batchBytes = 4 << 20
)

// acceptTimeout limits the acceptance of a batch, meanwhile its rows are locked.
const acceptTimeout = 10 * time.Second

// The statements of a batch. They name everything with its schema, and what they set ends
// with the transaction. Their turn is a lock of the transaction; if the reader hangs, the
// database ends the transaction, and the turn is another's.
const (
	sqlTurn = `SELECT set_config('sidehook.turn', pg_try_advisory_xact_lock(5428001146215462513)::text, true) = 'true',
		set_config('idle_in_transaction_session_timeout', '30s', true), last_value = 1 FROM sidehook.outbox_idle`

	// Where a row is too large it is not read: its data may not fit into memory.
	sqlRows = `SELECT o.position,
		(extract(epoch FROM CASE WHEN o.at BETWEEN '1970-01-01Z' AND '9999-12-31Z' THEN o.at ELSE clock_timestamp() END) * 1000000)::bigint,
		(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, o.size, o.size > $3::bigint,
		CASE WHEN o.size <= $3::bigint THEN o.id ELSE left(o.id, 200) END, CASE WHEN o.size <= $3::bigint THEN o.type ELSE left(o.type, 200) END,
		CASE WHEN o.size <= $3::bigint THEN o.source END, CASE WHEN o.size <= $3::bigint THEN o.subject END,
		CASE WHEN o.size <= $3::bigint THEN o.attributes::text END, CASE WHEN o.size <= $3::bigint THEN o.data::text END
		FROM sidehook.outbox o
		WHERE current_setting('sidehook.turn') = 'true' AND o.position <= (
			SELECT max(w.position) FROM (
				SELECT p.position, sum(least(p.size, $3::bigint)) OVER (ORDER BY p.position) - least(p.size, $3::bigint) AS before
				FROM (SELECT position, size FROM sidehook.outbox ORDER BY position LIMIT $1::bigint) p
			) w WHERE w.before < $2::bigint)
		ORDER BY o.position LIMIT $1::bigint FOR UPDATE OF o SKIP LOCKED`

	sqlDelete = `DELETE FROM sidehook.outbox WHERE position = ANY($1::bigint[])`
	sqlRefuse = `WITH why AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS r (position bigint, reason text)),
		gone AS (DELETE FROM sidehook.outbox o USING why WHERE o.position = why.position RETURNING o.*, why.reason)
		INSERT INTO sidehook.outbox_refused (position, at, id, type, source, subject, attributes, data, reason)
		SELECT position, at, id, type, source, subject, attributes, data, reason FROM gone ORDER BY position`
	sqlIdle = `SELECT setval('sidehook.outbox_idle', $1::bigint)`
)

// taken is what a batch came to.
type taken struct {
	rows int  // that have left the outbox
	turn bool // false: another sidehook has it
	idle bool // the database believes that a sidehook is idle, and has it woken
}

// errWait is why a batch was not accepted now.
type errWait struct{ error }

func (e errWait) Unwrap() error { return e.error }

// take accepts a batch of rows. Rows whose acceptance has begun leave the outbox even if
// ctx is done meanwhile.
func (r *reader) take(ctx context.Context, c *conn) (taken, error) {
	rows, t, err := r.read(ctx, c)
	if err != nil {
		return t, err // the connection is given up, and so the transaction
	}
	ending := context.WithoutCancel(ctx)
	if len(rows) == 0 {
		r.waits(0) // without the turn, too: who has it tells of the rows, also when there are none any more
		return t, c.rollback(ending)
	}
	r.waits(rows[0].age)
	if err := r.accept(ending, rows); err != nil {
		if failed := c.rollback(ending); failed != nil {
			return t, failed
		}
		return t, errWait{err}
	}
	if err := finish(ending, c, rows, t.idle); err != nil {
		return t, err
	}
	t.rows, t.idle = len(rows), false
	r.reportRefused(rows)
	return t, nil
}

// read begins a transaction, takes the turn, and reads and locks the next rows.
func (r *reader) read(ctx context.Context, c *conn) (list []row, t taken, err error) {
	turn := func(values [][]byte) error {
		t.turn, t.idle = isTrue(values[0]), isTrue(values[2])
		return nil
	}
	next := func(values [][]byte) error {
		x, err := readRow(values)
		list = append(list, x)
		return err
	}
	limits := []string{strconv.Itoa(batchRows), strconv.Itoa(batchBytes), strconv.Itoa(r.opts.MaxEventSize)}
	err = c.do(ctx, statement{sql: "BEGIN ISOLATION LEVEL READ COMMITTED"}, statement{sql: sqlTurn, row: turn}, statement{sql: sqlRows, args: limits, row: next})
	return list, t, err
}

// readRow reads the columns of sqlRows.
func readRow(values [][]byte) (x row, err error) {
	var sent, now int64
	for i, into := range []*int64{&x.position, &sent, &now, &x.size} {
		if *into, err = number(values[i]); err != nil {
			return x, err
		}
	}
	x.at, x.age = time.UnixMicro(sent).UTC(), max(0, time.Duration(now-sent)*time.Microsecond)
	x.tooLarge, x.id, x.kind = isTrue(values[4]), string(values[5]), string(values[6])
	x.source, x.subject = string(values[7]), string(values[8])
	x.hasSource, x.hasSubject = values[7] != nil, values[8] != nil
	x.attributes, x.data = bytes.Clone(values[9]), bytes.Clone(values[10])
	return x, nil
}

// accept has rows accepted, and notes in them why they were not.
func (r *reader) accept(ctx context.Context, rows []row) error {
	ctx, cancel := context.WithTimeoutCause(ctx, acceptTimeout, errors.New("the history takes longer than 10 s"))
	defer cancel()
	events := make([]Event, 0, len(rows))
	of := make([]int, 0, len(rows))
	for i := range rows {
		if body := rows[i].body(r.opts.MaxEventSize); body != nil {
			events, of = append(events, Event{Body: body, At: rows[i].at}), append(of, i)
		}
		rows[i].attributes, rows[i].data = nil, nil
	}
	if len(events) == 0 {
		return nil
	}
	outcomes, err := r.opts.Accept(ctx, events)
	if err != nil {
		return err
	}
	if len(outcomes) != len(events) {
		return fmt.Errorf("%d outcomes of %d rows", len(outcomes), len(events))
	}
	duplicates, accepted := 0, 0
	for i, o := range outcomes {
		switch {
		case o.Refused != "":
			rows[of[i]].refused = o.Refused
		case o.Duplicate:
			duplicates++
		default:
			accepted++
		}
	}
	r.counts.accepted.Add(uint64(accepted))
	r.counts.duplicate.Add(uint64(duplicates))
	return nil
}

// finish takes rows out of the outbox, and commits: they are durable, or refused.
func finish(ctx context.Context, c *conn, rows []row, idle bool) error {
	type refusal struct {
		Position int64  `json:"position"`
		Reason   string `json:"reason"`
	}
	var done []string
	var refused []refusal
	for i := range rows {
		if why := rows[i].refused; why != "" {
			refused = append(refused, refusal{rows[i].position, strings.ReplaceAll(why, "\x00", "")}) // no text has that
		} else {
			done = append(done, strconv.FormatInt(rows[i].position, 10))
		}
	}
	var list []statement
	if done != nil {
		list = append(list, statement{sql: sqlDelete, args: []string{"{" + strings.Join(done, ",") + "}"}})
	}
	if refused != nil {
		reasons, err := json.Marshal(refused)
		if err != nil {
			return err
		}
		list = append(list, statement{sql: sqlRefuse, args: []string{string(reasons)}})
	}
	if idle {
		list = append(list, statement{sql: sqlIdle, args: []string{"0"}})
	}
	return c.do(ctx, append(list, statement{sql: "COMMIT"})...)
}
