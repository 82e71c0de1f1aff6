package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sidehook/history/postgres/postgrestest"
	"sidehook/relay/outbox"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// database is a database of a test's own.
type database struct {
	*outbox.Database
	t    testing.TB
	name string
	port int
}

// bare returns a database without an outbox.
func bare(t testing.TB) *database {
	t.Helper()
	s := postgrestest.Shared(t)
	d := &database{t: t, name: fmt.Sprintf("test_%x", rand.Uint64()), port: s.Port}
	s.Exec(t, "CREATE DATABASE "+d.name)
	t.Cleanup(func() { s.Exec(t, "DROP DATABASE "+d.name+" WITH (FORCE)") })
	d.Database = d.as("postgres")
	return d
}

func newDatabase(t testing.TB, roles ...string) *database {
	t.Helper()
	d := bare(t)
	d.init(roles...)
	return d
}

func (d *database) init(roles ...string) {
	d.t.Helper()
	if err := outbox.Init(d.t.Context(), d.Database, roles...); err != nil {
		d.t.Fatal(err)
	}
}

// role makes a role that no other test has.
func (d *database) role() string {
	d.t.Helper()
	name := fmt.Sprintf(`r"%x`, rand.Uint64())
	quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	postgrestest.Shared(d.t).Exec(d.t, "CREATE ROLE "+quoted+" LOGIN")
	return name
}

func (d *database) url(role string, port int) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", strings.ReplaceAll(role, `"`, "%22"), port, d.name)
}

// as is the database as a role sees it.
func (d *database) as(role string) *outbox.Database { return d.through(role, d.port) }

func (d *database) through(role string, port int) *outbox.Database {
	d.t.Helper()
	made, err := outbox.ParseDatabase(d.url(role, port), "db")
	if err != nil {
		d.t.Fatal(err)
	}
	return made
}

// try runs SQL as a role, and returns the first value of each row, or the error.
func (d *database) try(role, sql string) (values []string, err error) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.t.Context()), time.Minute)
	defer cancel()
	c, err := pgconn.Connect(ctx, d.url(role, d.port))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	for _, r := range results {
		for _, row := range r.Rows {
			values = append(values, string(row[0]))
		}
	}
	return values, err
}

// exec runs SQL as the owner.
func (d *database) exec(sql string) []string {
	d.t.Helper()
	values, err := d.try("postgres", sql)
	if err != nil {
		d.t.Fatalf("%.200s: %v", sql, err)
	}
	return values
}

// value runs SQL as the owner and returns the one value.
func (d *database) value(sql string) string {
	d.t.Helper()
	return strings.Join(d.exec(sql), " ")
}
