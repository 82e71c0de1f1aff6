package retention_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/history/journal"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/postgres/retention"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// table is a schema with records that are numbered from 1, a minute apart and the last
// one now, in partitions of ten. Each event is for one webhook and has one attempt.
type table struct {
	*testing.T
	*database.DB
	owner *database.DB // may do more than a relay
}

func newTable(t *testing.T, events int) table {
	t.Helper()
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	open := func(url string) *database.DB {
		db, err := database.Open(database.Options{URL: url, Schema: schema, Sync: database.Storage})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	x := table{t, open(s.URL()), open(s.OwnerURL())}
	x.exec(`UPDATE {schema}.head SET width = 10`)
	x.add(1, events)
	x.exec(`INSERT INTO {schema}.cursors (webhook, covers_n, covers_seq) VALUES ('a', $1, $1)`, database.Int8(events))
	return x
}

// add adds events and attempts of the numbers.
func (x table) add(from, to int) {
	x.Helper()
	first, last := database.Int8(from), database.Int8(to)
	for _, stream := range []string{"events", "attempts"} {
		x.exec(`SELECT {schema}.grow($1, $2)`, database.Text(stream), last)
	}
	x.exec(`INSERT INTO {schema}.events SELECT n, {schema}.now_ns() - ($2 - n) * 60000000000, 'event', 0, 1, n, 't', 'a', 10, convert_to(repeat('x', 2000), 'UTF8') FROM generate_series($1::bigint, $2::bigint) n`, first, last)
	x.exec(`INSERT INTO {schema}.targets SELECT 'a', n, 10, 0 FROM generate_series($1::bigint, $2::bigint) n`, first, last)
	x.exec(`INSERT INTO {schema}.attempts SELECT n, {schema}.now_ns() - ($2 - n) * 60000000000, 'attempt', 'a', 1, n, n, 0, 't', 'delivered', 200, 0, 0, false, 0, '' FROM generate_series($1::bigint, $2::bigint) n`, first, last)
	x.exec(`UPDATE {schema}.head SET last = $1 WHERE stream IN ('events', 'attempts')`, last)
}

func (x table) exec(sql string, args ...database.Argument) {
	x.Helper()
	if err := x.owner.Call(x.Context(), sql, args); err != nil {
		x.Fatalf("%s: %v", sql, err)
	}
}

// firsts returns the partitions of a stream that are not above a number.
func (x table) firsts(stream string, upto int) (list []int) {
	x.Helper()
	rows := x.Query(x.Context(), `SELECT first FROM {schema}.parts WHERE stream = $1 AND first <= $2 ORDER BY first`, database.Text(stream), database.Int8(upto))
	var first int
	for rows.Next(&first) {
		list = append(list, first)
	}
	if err := rows.Close(); err != nil {
		x.Fatal(err)
	}
	return list
}

func (x table) count(table string) (n int) {
	x.Helper()
	if err := x.Read(x.Context(), `SELECT count(*) FROM {schema}.`+table, nil, &n); err != nil {
		x.Fatal(err)
	}
	return n
}

func (x table) look(r journal.Retention) *retention.Keeper {
	x.Helper()
	k := retention.New(retention.Options{DB: x.DB, Name: "host-a"})
	k.Retain(r)
	if err := k.Look(x.Context()); err != nil {
		x.Fatal(err)
	}
	return k
}

// clockAhead is what sets the database's clock.
func clockAhead(by string) string {
	return `CREATE OR REPLACE FUNCTION {schema}.now_ns() RETURNS bigint LANGUAGE sql VOLATILE AS
		'SELECT (extract(epoch FROM clock_timestamp() + interval ''` + by + `'') * 1000000)::bigint * 1000'`
}

func TestKeep(t *testing.T) {
	for name, c := range map[string]struct {
		sql              string // what is done before the look
		events, attempts []int  // the partitions that stay
	}{
		"all has ended": {"", []int{61, 71, 81, 91}, []int{61, 71, 81, 91}},
		"a delivery waits": {
			`UPDATE {schema}.cursors SET refs = '{35,36}'`, []int{31, 61, 71, 81, 91}, []int{31, 61, 71, 81, 91},
		},
		"something is not covered by the checkpoint": {
			`UPDATE {schema}.cursors SET covers_seq = 45`, []int{41, 51, 61, 71, 81, 91}, []int{41, 51, 61, 71, 81, 91},
		},
		"attempts are not covered": {
			`UPDATE {schema}.cursors SET covers_n = 45`, []int{61, 71, 81, 91}, []int{41, 51, 61, 71, 81, 91},
		},
		"a webhook without an owner yet": {
			`UPDATE {schema}.targets SET webhook = 'b' WHERE seq = 22`, []int{21, 61, 71, 81, 91}, []int{21, 61, 71, 81, 91},
		},
		"a resend that no checkpoint covers": {
			`UPDATE {schema}.events SET kind = 'resend', of = 7 WHERE seq = 99; UPDATE {schema}.cursors SET covers_seq = 98`, []int{1, 61, 71, 81, 91}, []int{1, 61, 71, 81, 91},
		},
		"a resend that has ended": {
			`UPDATE {schema}.events SET kind = 'resend', of = 7 WHERE seq = 99`, []int{61, 71, 81, 91}, []int{61, 71, 81, 91},
		},
		"the clock of the database was set ahead": {
			clockAhead("1 hour"), []int{1, 11, 21, 31, 41, 51, 61, 71, 81, 91}, []int{1, 11, 21, 31, 41, 51, 61, 71, 81, 91},
		},
		"the clock of the database is a little ahead": {clockAhead("9 minutes"), []int{71, 81, 91}, []int{71, 81, 91}},
		"the clock of the database was behind for a while": {
			`UPDATE {schema}.events SET at = seq WHERE seq BETWEEN 71 AND 90; UPDATE {schema}.attempts SET at = n WHERE n BETWEEN 71 AND 90`, []int{61, 71, 81, 91}, []int{61, 71, 81, 91},
		},
		"another member does it": {
			`INSERT INTO {schema}.members (name, incarnation, beat, lease) VALUES ('a-host', 'x', {schema}.now_ns(), 10000000000)`,
			[]int{1, 11, 21, 31, 41, 51, 61, 71, 81, 91}, []int{1, 11, 21, 31, 41, 51, 61, 71, 81, 91},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTable(t, 100)
			for sql := range strings.SplitSeq(c.sql, ";") {
				if sql != "" {
					x.exec(sql)
				}
			}
			x.look(journal.Retention{Keep: 35 * time.Minute})
			if got := x.firsts("events", 99); !slices.Equal(got, c.events) {
				t.Errorf("events: got %v, want %v", got, c.events)
			}
			want := c.attempts
			if strings.Contains(c.sql, "refs") || strings.Contains(c.sql, "'b'") || strings.Contains(c.sql, "of = 7 WHERE seq = 99; ") {
				// Attempts go in their order, so what comes after those that stay does, too.
				want = nil
				for first := c.attempts[0]; first <= 91; first += 10 {
					want = append(want, first)
				}
			}
			if got := x.firsts("attempts", 99); !slices.Equal(got, want) {
				t.Errorf("attempts: got %v, want %v", got, want)
			}
			var rows int
			if err := x.Read(t.Context(), `SELECT count(*) FROM {schema}.events WHERE seq < $1`, []database.Argument{database.Int8(c.events[0])}, &rows); err != nil || rows > 0 {
				t.Errorf("got %d rows of what was removed, %v", rows, err)
			}
		})
	}
}

// TestMaxSize: the oldest goes while there is too much, and if nothing may go, events are
// refused.
func TestMaxSize(t *testing.T) {
	x := newTable(t, 300)
	size, err := x.look(journal.Retention{}).Size()
	if err != nil || len(x.firsts("events", 299)) != 30 || size < 1<<20 {
		t.Fatalf("without limits: %d bytes, %v, partitions %v", size, err, x.firsts("events", 299))
	}
	var levels []int
	k := retention.New(retention.Options{DB: x.DB, Low: func(percent int, _, _ int64) { levels = append(levels, percent) }})
	k.Retain(journal.Retention{MaxSize: size * 2 / 3})
	if err := k.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := k.Size()
	first := x.firsts("events", 299)[0]
	if after > size*2/3 || first == 1 || first > 200 || k.Full() || !slices.Equal(levels, []int{90}) {
		t.Errorf("got %d bytes of %d, the first event %d, full %t, levels %v", after, size*2/3, first, k.Full(), levels)
	}
	x.exec(fmt.Sprintf(`UPDATE {schema}.cursors SET refs = '{%d,300}'`, first))
	k.Retain(journal.Retention{MaxSize: after / 2})
	if err := k.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !k.Full() || x.firsts("events", 299)[0] != first {
		t.Errorf("full: %t, the first event is %d, want %d", k.Full(), x.firsts("events", 299)[0], first)
	}
	k.Retain(journal.Retention{MaxSize: 10 * after})
	if err := k.Look(t.Context()); err != nil || k.Full() {
		t.Errorf("with room: full %t, %v", k.Full(), err)
	}
}

// TestWrote: what was written since the last look counts, until it is measured.
func TestWrote(t *testing.T) {
	x := newTable(t, 20)
	k := x.look(journal.Retention{MaxSize: 16 << 20})
	size, _ := k.Size()
	k.Wrote(15<<20 - int(size))
	if k.Full() {
		t.Errorf("full at 15 of 16 MiB")
	}
	k.Wrote(1 << 20)
	if !k.Full() {
		t.Errorf("not full at 16 of 16 MiB")
	}
	if err := k.Look(t.Context()); err != nil || k.Full() { // nothing was, in fact
		t.Errorf("after a look: full %t, %v", k.Full(), err)
	}
}

// TestNothingIsThereYet reads a history without partitions, which has no time.
func TestNothingIsThereYet(t *testing.T) {
	x := newTable(t, 0)
	x.exec(`DELETE FROM {schema}.parts`)
	var log strings.Builder
	k := retention.New(retention.Options{DB: x.DB, Name: "host-a", Log: slog.New(slog.NewTextHandler(&log, nil))})
	k.Retain(journal.Retention{Keep: time.Hour})
	if err := k.Look(t.Context()); err != nil || log.Len() > 0 {
		t.Errorf("got %v, and logged %s", err, log.String())
	}
}

// TestWroteHasItMeasured: what was written has it measured, though the next look would be
// an hour later.
func TestWroteHasItMeasured(t *testing.T) {
	x := newTable(t, 20)
	k := retention.New(retention.Options{DB: x.DB, Every: time.Hour})
	k.Retain(journal.Retention{MaxSize: 16 << 20})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	for size := int64(0); size == 0; size, _ = k.Size() {
		time.Sleep(time.Millisecond)
	}
	k.Wrote(16 << 20)
	for k.Full() { // nothing was written, in fact
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestEndedEarly: few large events do not keep the history full in a partition that is
// never filled.
func TestEndedEarly(t *testing.T) {
	x := newTable(t, 20)
	x.exec(`UPDATE {schema}.head SET width = 20000`)
	x.add(21, 25)
	x.exec(`SELECT {schema}.grow('events', 20000), {schema}.grow('attempts', 20000)`)
	for n := 26; n <= 60; n++ {
		x.exec(`INSERT INTO {schema}.events SELECT $1, {schema}.now_ns(), 'event', 0, 1, $1, 't', 'a', 10, (SELECT string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 25600))`, database.Int8(n))
		x.exec(`INSERT INTO {schema}.targets VALUES ('a', $1, 10, 0)`, database.Int8(n))
	}
	x.exec(`UPDATE {schema}.head SET last = 60 WHERE stream = 'events'`)
	x.exec(`UPDATE {schema}.cursors SET refs = '{26,60}'`)
	k := x.look(journal.Retention{MaxSize: 12 << 20})
	if !k.Full() {
		t.Errorf("not full of what waits")
	}
	x.exec(`UPDATE {schema}.cursors SET refs = '{}', covers_seq = 60`)
	if err := k.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size, _ := k.Size(); k.Full() || size > 6<<20 {
		t.Errorf("it was delivered: full %t, %d bytes, partitions %v", k.Full(), size, x.firsts("events", 1e6))
	}
	x.add(61, 70) // fits the partitions that there are now
	if got := x.count("events"); got != 10 {
		t.Errorf("got %d events", got)
	}
}

// TestIDs keeps those of the last 100,000 events, and no more partitions.
func TestIDs(t *testing.T) {
	x := newTable(t, 20)
	x.exec(`UPDATE {schema}.head SET width = 60000 WHERE stream = 'ids'`)
	x.exec(`SELECT {schema}.grow('ids', 190000)`)
	x.exec(`UPDATE {schema}.head SET last = 190000 WHERE stream = 'ids'`)
	x.look(journal.Retention{})
	if got := x.firsts("ids", 190000); !slices.Equal(got, []int{60001, 120001, 180001}) {
		t.Errorf("got %v", got)
	}
}

// TestBusy: a slow reader delays the removal, and the removal delays no other
// statement.
func TestBusy(t *testing.T) {
	x := newTable(t, 100)
	err := x.Transact(t.Context(), func(tx *database.Tx) error {
		if err := tx.Call(t.Context(), `SELECT count(*) FROM {schema}.events`, nil); err != nil {
			return err
		}
		x.look(journal.Retention{Keep: time.Minute})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := x.firsts("events", 99); len(got) != 10 {
		t.Errorf("got %v after they were read", got)
	}
	x.look(journal.Retention{Keep: time.Minute})
	if got := x.firsts("events", 99); len(got) != 1 {
		t.Errorf("got %v after that", got)
	}
}

// TestAhead: the next partitions are there before they are needed, as wide as fits the
// rate.
func TestAhead(t *testing.T) {
	x := newTable(t, 100)
	x.exec(`UPDATE {schema}.parts SET since = since - 3600000000000 * 24`) // 100 in a day
	x.look(journal.Retention{Keep: 24 * 2000 * 24 * time.Hour})            // 2000 days in a partition
	var width, next int
	if err := x.Read(t.Context(), `SELECT width, next_part FROM {schema}.head WHERE stream = 'events'`, nil, &width, &next); err != nil {
		t.Fatal(err)
	}
	if width < 50_000 || width > 250_000 || next < 100+width {
		t.Errorf("got partitions of %d up to %d", width, next)
	}
}
