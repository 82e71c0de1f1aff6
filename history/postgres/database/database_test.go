package database_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// open makes a schema and opens it.
func open(t *testing.T, s *postgrestest.Server, opts database.Options) *database.DB {
	t.Helper()
	if opts.Schema == "" {
		opts.Schema = s.Schema(t)
		if err := database.Install(t.Context(), s.OwnerURL(), opts.Schema, postgrestest.Role); err != nil {
			t.Fatal(err)
		}
	}
	if opts.URL == "" {
		opts.URL = s.URL()
	}
	if opts.Sync == "" {
		opts.Sync = database.Storage
	}
	db, err := database.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func TestInstallMayBeRunAgain(t *testing.T) {
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	db := open(t, s, database.Options{Schema: schema})
	if err := db.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), "cluster init") {
		t.Errorf("without tables: got %v, want what to run", err)
	}
	s.Exec(t, `DROP ROLE IF EXISTS "the runner"; CREATE ROLE "the runner"`)
	t.Cleanup(func() { s.Exec(t, `DROP OWNED BY "the runner"; DROP ROLE "the runner"`) })
	for _, role := range []string{"the runner", "the runner", postgrestest.Role} {
		if err := database.Install(t.Context(), s.OwnerURL(), schema, role); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
	for sql, want := range map[string]string{
		`REVOKE EXECUTE ON FUNCTION ` + schema + `.leave(text, text) FROM ` + postgrestest.Role: `the role may not call "` + schema + `".leave; as the owner`,
		`ALTER FUNCTION ` + schema + `.now_ns() RENAME TO was_ns`:                               `has no "` + schema + `".now_ns as this sidehook calls it; run ` + "`sidehook cluster init",
	} {
		s.Exec(t, sql)
		if err := db.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("after %s: got %v", sql, err)
		}
		if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
			t.Fatal(err)
		}
	}
	s.Exec(t, `UPDATE `+schema+`.meta SET version = 99`)
	if err := db.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("of a newer version: got %v", err)
	}
}

func TestSchemaNames(t *testing.T) {
	for name, ok := range map[string]bool{"sidehook": true, "a_1": true, "": false, "1a": false, "A": false, "pg_x": false, `a"b`: false, "user": true} {
		if err := database.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestCallTakesNoNoticeForASuccess(t *testing.T) {
	s := postgrestest.Shared(t)
	db := open(t, s, database.Options{})
	s.Exec(t, `CREATE FUNCTION `+db.Schema()+`.warn(bool) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF $1 THEN RAISE WARNING 'not replicated'; END IF; RETURN 7; END $$`)
	for _, warns := range []bool{true, false} {
		var n int
		err := db.Call(t.Context(), `SELECT {schema}.warn($1)`, []database.Argument{database.Bool(warns)}, &n)
		if (err != nil) != warns || n != 7 {
			t.Errorf("warns %v: got %d, %v", warns, n, err)
		}
	}
}

func TestSyncIsCheckedAtEachConnection(t *testing.T) {
	for _, c := range []struct {
		settings string
		sync     database.Sync
		want     string
	}{
		{"synchronous_standby_names=", database.Require, "no synchronous standby"},
		{"synchronous_standby_names=", database.Storage, ""},
		{"synchronous_commit=off", database.Storage, "synchronous_commit is off"},
		{"synchronous_standby_names=x synchronous_commit=local", database.Require, "synchronous_commit is local"},
		{"synchronous_standby_names=x", database.Require, ""},
	} {
		t.Run(c.settings+" "+string(c.sync), func(t *testing.T) {
			s := postgrestest.Shared(t)
			for setting := range strings.FieldsSeq(c.settings) {
				key, value, _ := strings.Cut(setting, "=")
				s.Exec(t, `ALTER SYSTEM SET `+key+` = '`+value+`'`)
			}
			s.Exec(t, `SELECT pg_reload_conf(), pg_sleep(0.2)`)
			defer s.Exec(t, `SELECT pg_reload_conf(), pg_sleep(0.2)`)
			defer s.Exec(t, `ALTER SYSTEM RESET ALL`)
			db := open(t, s, database.Options{Schema: "sidehook", Sync: c.sync})
			err := db.CheckSync(t.Context())
			if c.want == "" && err != nil || c.want != "" && (!database.IsSync(err) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWritingIsNeverCanceled(t *testing.T) {
	s := postgrestest.Shared(t)
	db := open(t, s, database.Options{})
	s.Exec(t, `CREATE TABLE `+db.Schema()+`.done (n int); GRANT INSERT ON `+db.Schema()+`.done TO `+postgrestest.Role)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		failed <- db.Call(ctx, `WITH x AS (SELECT pg_sleep(1)) INSERT INTO {schema}.done SELECT 1 FROM x`, nil)
	}()
	for s.Value(t, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'WITH x AS (SELECT pg_sleep%'`) == "0" {
	}
	cancel()
	if err := <-failed; err == nil {
		t.Error("no error of a context that ended")
	}
	for range 100 {
		if s.Value(t, `SELECT count(*) FROM `+db.Schema()+`.done`) == "1" {
			return
		}
		s.Exec(t, `SELECT pg_sleep(0.05)`)
	}
	t.Error("the statement was canceled")
}

func TestRedacted(t *testing.T) {
	_, err := database.Open(database.Options{URL: "postgres://u:hunter2@h:bad/db"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
	if got := database.RedactURL("postgres://u:hunter2@h/db"); strings.Contains(got, "hunter2") {
		t.Errorf("got %s", got)
	}
}

func shared(t *testing.T) *postgrestest.Server { return postgrestest.Shared(t) }

// query returns the one value of a query, as text.
func query(t *testing.T, db *database.DB, sql string) string {
	t.Helper()
	var text string
	if err := db.Call(t.Context(), sql, nil, &text); err != nil {
		t.Fatal(err)
	}
	return text
}
