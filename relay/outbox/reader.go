package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"sidehook/history/trouble"
)

// How long a reader waits: from the first poll after a row to those of an idle outbox,
// which is woken as well, unless a pooler stands between; and after a failure.
const (
	leastPoll  = 20 * time.Millisecond
	mostPoll   = time.Second
	pooledPoll = 250 * time.Millisecond
	leastPause = 100 * time.Millisecond
	mostPause  = 10 * time.Second
)

// refusedFor is how long rows that were refused are a trouble: nobody tells a reader that
// they were looked after.
const refusedFor = 24 * time.Hour

// reader reads the outbox of one database.
type reader struct {
	database *Database
	opts     *Options
	counts   *counts
	lost     trouble.Trouble // the outbox cannot be read
	full     trouble.Trouble // its rows cannot be accepted

	mu    sync.Mutex
	up    bool
	begun bool      // it was up once
	since time.Time // when the oldest row was sent; zero without one
	why   string    // why it cannot be read; "" while it is up

	refused     int       // rows since the start
	lastRefused string    // the event of the last one, and the reason
	refusedAt   time.Time // when that was
}

// run reads until ctx is done.
func (r *reader) run(ctx context.Context) {
	pause := leastPause
	for ctx.Err() == nil {
		err := r.session(ctx, func() { pause = leastPause })
		if ctx.Err() != nil {
			break
		}
		err = explain(err)
		r.setDown(err.Error())
		r.lost.Met(r.opts.Log, "the outbox cannot be read; its rows wait", err, "database", r.database)
		sleep(ctx, pause)
		pause = min(2*pause, mostPause)
	}
	r.setDown("")
	r.opts.Log.Info("the outbox is not read any more", "database", r.database)
}

// session reads over one connection until it fails or ctx is done. It calls good after
// each answer.
func (r *reader) session(ctx context.Context, good func()) error {
	c, err := r.database.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	pooled, err := prepare(ctx, c)
	if err != nil {
		return err
	}
	most := mostPoll
	if pooled {
		most = pooledPoll
	}
	poll, pause := leastPoll, leastPause
	for {
		t, err := r.take(ctx, c)
		if wait, ok := errors.AsType[errWait](err); ok {
			good()
			r.setUp()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.full.Met(r.opts.Log, "rows of the outbox wait: they cannot be accepted now", wait.error, "database", r.database)
			if !sleep(ctx, pause) {
				return ctx.Err()
			}
			pause = min(2*pause, mostPause)
			continue
		}
		if err != nil {
			return err
		}
		good()
		r.setUp()
		pause = leastPause
		if t.rows > 0 {
			r.full.Over(r.opts.Log, "rows of the outbox are accepted again", "database", r.database)
			poll = leastPoll
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		if !pooled && t.turn && !t.idle && poll >= most {
			// A row whose sender has not seen this is found by the next take.
			if err := c.do(ctx, statement{sql: sqlIdle, args: []string{"1"}}); err != nil {
				return err
			}
			continue
		}
		if err := c.wait(ctx, poll); err != nil {
			return err
		}
		poll = min(2*poll, most)
	}
}

// prepare finds what the role may not do, and listens, unless a pooler stands between:
// that hands a server to others, which would then get what is meant for this one.
func prepare(ctx context.Context, c *conn) (pooled bool, err error) {
	var backend, missing string
	err = c.do(ctx, statement{sql: `SELECT pg_backend_pid(), array_to_string(ARRAY[
		CASE WHEN NOT has_table_privilege('sidehook.outbox', 'SELECT') THEN 'SELECT on sidehook.outbox' END,
		CASE WHEN NOT has_table_privilege('sidehook.outbox', 'UPDATE') THEN 'UPDATE on sidehook.outbox' END,
		CASE WHEN NOT has_table_privilege('sidehook.outbox', 'DELETE') THEN 'DELETE on sidehook.outbox' END,
		CASE WHEN NOT has_table_privilege('sidehook.outbox_refused', 'INSERT') THEN 'INSERT on sidehook.outbox_refused' END,
		CASE WHEN NOT has_sequence_privilege('sidehook.outbox_idle', 'SELECT') THEN 'SELECT on sidehook.outbox_idle' END,
		CASE WHEN NOT has_sequence_privilege('sidehook.outbox_idle', 'UPDATE') THEN 'UPDATE on sidehook.outbox_idle' END], ', ')`,
		row: func(values [][]byte) error {
			backend, missing = string(values[0]), string(values[1])
			return nil
		}})
	if err == nil && missing != "" {
		err = &missingRights{missing}
	}
	if err != nil || backend != strconv.FormatUint(uint64(c.pg.PID()), 10) {
		return true, err
	}
	return false, c.do(ctx, statement{sql: "LISTEN sidehook_outbox"})
}

// missingRights is what a role may not do.
type missingRights struct{ list string }

func (e *missingRights) Error() string {
	return "the role of the URL has not " + strings.ReplaceAll(e.list, ", ", ", nor ") + "; grant it that, or use the owner's role"
}

// sleep waits some time more or less than d, and reports whether ctx is not done.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d - d/5 + rand.N(2*d/5)):
		return true
	}
}

func (r *reader) setUp() {
	r.mu.Lock()
	first := !r.begun
	r.up, r.begun, r.why = true, true, ""
	r.mu.Unlock()
	if first {
		r.opts.Log.Info("reading the outbox", "database", r.database)
	}
	r.lost.Over(r.opts.Log, "the outbox is read again", "database", r.database)
}

func (r *reader) setDown(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up, r.why = false, why
}

// waits notes how long the oldest row has waited; 0: there is none.
func (r *reader) waits(age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = time.Time{}
	if age > 0 {
		r.since = time.Now().Add(-age)
	}
}

// state returns whether the outbox can be read, and how long the oldest row known has
// waited.
func (r *reader) state() (up bool, oldest time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.since.IsZero() {
		oldest = time.Since(r.since)
	}
	return r.up, oldest
}

// troubles returns what an operator should know of the outbox, a sentence each.
func (r *reader) troubles() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why != "" {
		list = append(list, fmt.Sprintf("the outbox of %s cannot be read, and its rows wait: %s", r.database, r.why))
	}
	if r.refused > 0 && time.Since(r.refusedAt) < refusedFor {
		list = append(list, fmt.Sprintf("rows of the outbox of %s were refused, %d since the start, and are in sidehook.outbox_refused; the last one is %s", r.database, r.refused, r.lastRefused))
	}
	return list
}

// reportRefused counts and logs the rows of a batch that were refused.
func (r *reader) reportRefused(rows []row) {
	n := 0
	var first, last *row
	for i := range rows {
		if rows[i].refused == "" {
			continue
		}
		last = &rows[i]
		if n++; first == nil {
			first = last
		}
	}
	if n == 0 {
		return
	}
	r.mu.Lock()
	r.refused, r.lastRefused, r.refusedAt = r.refused+n, last.id+": "+last.refused, time.Now()
	r.mu.Unlock()
	r.counts.refused.Add(uint64(n))
	fields := []any{"database", r.database, "event", first.id, "type", first.kind, "position", first.position, "reason", first.refused}
	if n > 1 {
		fields = append(fields, "and_more", n-1)
	}
	r.opts.Log.Warn("a row of the outbox was refused; it is in sidehook.outbox_refused", fields...)
}
