//go:build linux

package relay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sidehook/history/postgres/postgrestest"
)

// run runs statements on the database of a fleet.
func (f *fleet) run(sql string) {
	f.t.Helper()
	f.hold("", sql)()
}

// hold runs statements in a transaction, which lasts until the end of the test or a call
// of end, as that of a psql that somebody has left open.
func (f *fleet) hold(begin, sql string) (end func()) {
	f.t.Helper()
	c, err := pgconn.Connect(f.t.Context(), f.direct)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := timeout(patience)
	f.t.Cleanup(func() { c.Close(ctx); cancel() })
	if _, err := c.Exec(ctx, begin+strings.ReplaceAll(sql, "{schema}", f.schema)).ReadAll(); err != nil {
		f.t.Fatal(err)
	}
	return func() { c.Close(ctx) }
}

// TestNemesesOfOperators has people do to the database what they should not, while its
// tables are in partitions so small that many boundaries are crossed.
func TestNemesesOfOperators(t *testing.T) {
	skipNemeses(t)
	db := postgrestest.Start(t, "fsync=off")
	disturb(t, "transactions left open, and the clock set", func(t *testing.T) *fleet {
		return startFleet(t, &fleet{direct: db.OwnerURL(), address: db.URL(), sync: "storage", host: "127.0.0.1", tables: `UPDATE {schema}.head SET width = 20;
			CREATE OR REPLACE FUNCTION {schema}.prepare_parts(p_stream text, p_width bigint, p_ahead bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'`})
	}, func(t *testing.T, f *fleet) {
		epochs := func() string { return f.value(`SELECT sum(epoch) FROM {schema}.cursors`) }
		before := epochs()
		for calm := time.Now(); time.Since(calm) < 2*handover; time.Sleep(100 * time.Millisecond) { // until they are spread
			if now := epochs(); now != before {
				before, calm = now, time.Now()
			}
		}

		end := f.hold("BEGIN ISOLATION LEVEL REPEATABLE READ;", `SELECT count(*) FROM {schema}.events, {schema}.attempts, {schema}.cursors, {schema}.members`)
		f.flows()
		end()

		// Outcomes are kept in memory, and deliveries continue.
		f.during("", func() {
			end := f.hold("BEGIN;", `SELECT FROM {schema}.cursors WHERE webhook = 'plain1' FOR UPDATE`)
			time.Sleep(lapse)
			f.flows()
			if n := f.value(`SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sidehook %' AND wait_event_type = 'Lock'`); n > "3" {
				t.Errorf("%s sessions wait for a lock, want one of each member at most", n)
			}
			end()
		})
		f.during("", func() {
			end := f.hold("BEGIN;", `SELECT FROM {schema}.head FOR UPDATE`)
			refused := f.refused.Load()
			f.soon("posts are refused", func() bool { return f.refused.Load() > refused })
			end()
			f.flows()
		})

		for _, ahead := range []string{"3 hours", "-3 hours", "0"} {
			f.run(`CREATE OR REPLACE FUNCTION {schema}.now_ns() RETURNS bigint LANGUAGE sql VOLATILE AS
				'SELECT (extract(epoch FROM clock_timestamp() + interval ''` + ahead + `'') * 1000000)::bigint * 1000'`)
			time.Sleep(time.Second)
			f.flows()
		}
		if after := epochs(); after != before {
			t.Errorf("webhooks have changed their owners: the sum of the epochs was %s, and is %s", before, after)
		}
	})
}
