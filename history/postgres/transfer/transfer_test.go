package transfer_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/historytest/played"
	"sidehook/history/journal"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/postgres/transfer"
	"sidehook/history/query"
	"sidehook/history/verify"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

const batch = 700

func open(t *testing.T) *database.DB {
	t.Helper()
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, `UPDATE `+schema+`.head SET width = 500`)
	db, err := database.Open(database.Options{URL: s.URL(), Schema: schema, Sync: database.Storage})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// dump returns what an import has made of the tables.
func dump(t *testing.T, db *database.DB) string {
	t.Helper()
	var all []string
	for _, table := range []string{"head", "parts", "events", "targets", "ids", "attempts", "configs", "cursors", "generations", "meta"} {
		var rows int
		var sum string
		err := db.Read(t.Context(), `SELECT count(*), coalesce(md5(string_agg(r, '|' ORDER BY r)), '')
			FROM (SELECT (to_jsonb(t) - 'since' - 'at' - 'created' - 'cluster')::text AS r FROM {schema}.`+table+` t) x`, nil, &rows, &sum)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(table, " ", rows, " ", sum))
	}
	return strings.Join(all, "\n")
}

var errKilled = errors.New("killed")

// killed returns what ends a transfer at its step of a number, and counts the steps.
func killed(at int, steps *int) func(string) error {
	*steps = 0
	return func(string) error {
		if *steps++; *steps == at {
			return errKilled
		}
		return nil
	}
}

// TestImportKilled: an import that is killed at any step continues where it was, and no
// relay starts before it is complete.
func TestImportKilled(t *testing.T) {
	disk := played.History(t)
	db := open(t)
	var steps int
	done, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db, Batch: batch, Step: killed(0, &steps)})
	if err != nil || done.Events == 0 || done.Attempts == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	want, all := dump(t, db), steps
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db}); !errors.Is(err, transfer.ErrNotEmpty) {
		t.Errorf("into what is there: got %v", err)
	}
	for at := 1; at <= all; at++ {
		t.Run(fmt.Sprint("step ", at), func(t *testing.T) {
			db := open(t)
			if _, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db, Batch: batch, Step: killed(at, &steps)}); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if err := db.CheckSchema(t.Context()); at > 1 && !errors.Is(err, database.ErrNoSchema) {
				t.Errorf("a relay may start: %v", err)
			}
			if at == 3 {
				if _, err := transfer.ImportFS(t.Context(), historytest.Generated(t), transfer.Options{DB: db}); !errors.Is(err, transfer.ErrNotEmpty) {
					t.Errorf("another history: got %v", err)
				}
			}
			if _, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db, Batch: batch}); err != nil {
				t.Fatal(err)
			}
			if got := dump(t, db); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestImportRefused(t *testing.T) {
	db := open(t)
	disk := historytest.NewDisk()
	if _, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db}); !errors.Is(err, history.ErrNoHistory) {
		t.Errorf("an empty folder: got %v", err)
	}
	path := copied(t, historytest.Generated(t))
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var inUse *journal.InUseError
	if _, err := transfer.Import(t.Context(), path, transfer.Options{DB: db}); !errors.As(err, &inUse) {
		t.Errorf("while a relay runs: got %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO {schema}.members (name, incarnation, beat, lease) VALUES ('a', 'x', {schema}.now_ns(), 10000000000)`)
	if _, err := transfer.Import(t.Context(), path, transfer.Options{DB: db}); !errors.Is(err, transfer.ErrNotEmpty) {
		t.Errorf("while a member runs: got %v", err)
	}
}

func exec(t *testing.T, db *database.DB, sql string) {
	t.Helper()
	postgrestest.Shared(t).Exec(t, db.SQL(sql))
}

// content is what a history has, without what may differ after a transfer.
type content struct {
	events, attempts []string
	backlogs         map[string]uint64
	states           map[string]history.WebhookState
}

var (
	numbers = regexp.MustCompile(`"batch":\d+,`)
	lineNo  = regexp.MustCompile(`^\{"n":\d+,`)
)

// contentOf reads a folder, and opens it as a relay does.
func contentOf(t *testing.T, path string) (c content) {
	t.Helper()
	r, err := query.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Accepted(func(a *history.EventRecord) bool {
		c.events = append(c.events, numbers.ReplaceAllString(string(a.JSON()), ""))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]string{}
	err = r.Records(func(o *history.DeliveryRecord) bool {
		if o.Kind == history.KindAttempt {
			c.attempts = append(c.attempts, lineNo.ReplaceAllString(numbers.ReplaceAllString(string(o.JSON()), ""), ""))
			return true
		}
		if o.Kind == history.KindWebhook {
			last[o.Webhook] = o.State
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	checker, err := verify.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer checker.Close()
	checked, err := checker.Check(func(int64, int64) {})
	if err != nil || len(checked.Problems) > 0 {
		t.Errorf("%s: problems %v, %v", path, checked.Problems, err)
	}
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	c.backlogs, c.states = map[string]uint64{}, map[string]history.WebhookState{}
	for _, q := range j.Queues() {
		if n := q.Backlog().Events; n > 0 {
			c.backlogs[q.Name()] = uint64(n)
		}
		s := q.State()
		s.Since = s.Since.UTC()
		c.states[q.Name()] = s
	}
	return c
}

func compare(t *testing.T, got, want content) {
	t.Helper()
	if !slices.Equal(got.events, want.events) {
		t.Errorf("got %d events, want the %d", len(got.events), len(want.events))
	}
	if !slices.Equal(got.attempts, want.attempts) {
		t.Errorf("got %d attempts, want the %d", len(got.attempts), len(want.attempts))
	}
	if !maps.Equal(got.backlogs, want.backlogs) {
		t.Errorf("got backlogs %v, want %v", got.backlogs, want.backlogs)
	}
	for name, s := range want.states {
		if g := got.states[name]; g.Name != s.Name || !g.Since.Equal(s.Since) {
			t.Errorf("%s: got state %+v, want %+v", name, g, s)
		}
	}
}

// copied writes a disk into a folder.
func copied(t *testing.T, disk *historytest.Disk) string {
	t.Helper()
	path := t.TempDir()
	for _, name := range historytest.Names(t, disk, "", "") {
		if name == "lock" {
			continue
		}
		if err := os.WriteFile(filepath.Join(path, name), historytest.Content(t, disk, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestExport: what was imported comes back, and a relay can use it; also if an export was
// killed at any step before.
func TestExport(t *testing.T) {
	db := open(t)
	from := copied(t, played.History(t))
	if _, err := transfer.Import(t.Context(), from, transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}
	want := contentOf(t, from)
	if len(want.events) == 0 || len(want.attempts) == 0 || len(want.backlogs) == 0 {
		t.Fatalf("there is nothing to compare: %d, %d, %v", len(want.events), len(want.attempts), want.backlogs)
	}
	to := filepath.Join(t.TempDir(), "back")
	var steps int
	for at := 1; ; at++ {
		_, err := transfer.Export(t.Context(), to, transfer.Options{DB: db, Batch: batch, Step: killed(at, &steps)})
		if err == nil {
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("after step %d it is there: %v", at, err)
		}
	}
	if steps < 5 {
		t.Errorf("got %d steps", steps)
	}
	compare(t, contentOf(t, to), want)
	if _, err := transfer.Export(t.Context(), to, transfer.Options{DB: db}); !errors.Is(err, transfer.ErrNotEmpty) {
		t.Errorf("into a history: got %v", err)
	}
	again := open(t)
	if _, err := transfer.Import(t.Context(), to, transfer.Options{DB: again}); err != nil {
		t.Fatal(err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if _, err := transfer.Export(t.Context(), back, transfer.Options{DB: again}); err != nil {
		t.Fatal(err)
	}
	compare(t, contentOf(t, back), want)
}

// TestExportAfterRetention: what was removed, and what is late, is no damage, and nothing
// is sent again for it.
func TestExportAfterRetention(t *testing.T) {
	db := open(t)
	from := copied(t, historytest.Generated(t))
	if _, err := transfer.Import(t.Context(), from, transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}
	var first int64
	if err := db.Read(t.Context(), `SELECT next FROM {schema}.parts WHERE stream = 'events' ORDER BY first LIMIT 1`, nil, &first); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `DROP TABLE {schema}.events_1, {schema}.targets_1`)
	exec(t, db, `DELETE FROM {schema}.parts WHERE stream = 'events' AND first = 1`)
	exec(t, db, fmt.Sprintf(`DELETE FROM {schema}.events WHERE seq BETWEEN %d AND %d`, first+10, first+20))
	exec(t, db, `UPDATE {schema}.attempts SET late = true WHERE n = (SELECT max(n) FROM {schema}.attempts WHERE status = 'delivered')`)
	to := filepath.Join(t.TempDir(), "back")
	if _, err := transfer.Export(t.Context(), to, transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}
	want, got := contentOf(t, from), contentOf(t, to)
	kept := len(want.events) - int(first-1) - 11
	if len(got.events) != kept || !strings.HasPrefix(got.events[len(got.events)-1], fmt.Sprintf(`{"seq":%d,`, first)) {
		t.Errorf("got %d events from %.20s on; want %d from %d on", len(got.events), got.events[len(got.events)-1], kept, first)
	}
	late := func(a string) bool { return strings.HasSuffix(a, `,"late":true}`) }
	if n := len(slices.DeleteFunc(slices.Clone(got.attempts), func(a string) bool { return !late(a) })); n != 1 || len(got.attempts) != len(want.attempts) {
		t.Errorf("got %d late ones of %d attempts, want 1 of %d", n, len(got.attempts), len(want.attempts))
	}
	total := func(backlogs map[string]uint64) (n uint64) {
		for _, w := range backlogs {
			n += w
		}
		return n
	}
	if n := total(got.backlogs); n > total(want.backlogs)+1 {
		t.Errorf("got %d deliveries that wait, of %d and the late one", n, total(want.backlogs))
	}
}
