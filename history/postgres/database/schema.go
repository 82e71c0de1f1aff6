package database

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Version is the version of the schema that this program works with.
const Version = 1

// DefaultSchema is the schema if none is given.
const DefaultSchema = "sidehook"

var (
	//go:embed sql/begin.sql
	begin string
	//go:embed sql/tables.sql
	tables string
	//go:embed sql/functions.sql
	functions string
	//go:embed sql/ownership.sql
	ownership string
	//go:embed sql/retention.sql
	retention string
	//go:embed sql/transfer.sql
	transfer string
	//go:embed sql/grants.sql
	grants string

	name = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,50}$`)
)

// CheckName returns why a word cannot name a schema.
func CheckName(word string) error {
	if !name.MatchString(word) || strings.HasPrefix(word, "pg_") {
		return fmt.Errorf("%q cannot name a schema: use lower-case letters, digits and _, not beginning with pg_ or a digit", word)
	}
	return nil
}

// Script returns the SQL that makes the schema, or brings it up to date. It may be run
// again and again. If role is not "", that role gets what a relay needs.
func Script(schema, role string) (string, error) {
	if err := CheckName(schema); err != nil {
		return "", err
	}
	text := "BEGIN;\n" + begin + "\n" + tables + "\n" + functions + "\n" + ownership + "\n" + retention + "\n" + transfer
	if role != "" {
		text += "\n" + grants
	}
	return expand(text, schema, role) + "COMMIT;\n", nil
}

func expand(text, schema, role string) string {
	return strings.NewReplacer(
		"{schema}", `"`+schema+`"`, "{role}", `"`+strings.ReplaceAll(role, `"`, `""`)+`"`, "{version}", strconv.Itoa(Version),
	).Replace(text)
}

// Install runs the Script on a database, as the role that is to own the schema.
func Install(ctx context.Context, url, schema, role string) error {
	script, err := Script(schema, role)
	if err != nil {
		return err
	}
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return Explained(err)
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return Explained(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, script).ReadAll()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return unprepared(e)
	}
	return Explained(err)
}

// unprepared is why the Script was refused, and what to do.
func unprepared(e *pgconn.PgError) error {
	todo := ""
	switch e.Code {
	case forbidden:
		todo = "; run it as the owner of the schema, or as a role that has CREATE on the database"
	case "25006": // read only
		todo = "; run it on the server that takes writes: target_session_attrs=read-write in the URL"
	case "42704": // no such role
		todo = "; make it before: CREATE ROLE … LOGIN PASSWORD '…'"
	}
	return explained{e, e.Message + todo}
}

// ErrNoSchema is the error of a database without the schema, or with an older or newer
// version of it.
var ErrNoSchema = errors.New("the schema does not fit")

// ErrImporting is the error, also, of a schema that an import fills.
var ErrImporting = errors.New("an import has not ended")

// CheckSchema returns why a relay cannot work with the schema as it is.
func (db *DB) CheckSchema(ctx context.Context) error {
	var version int
	var importing string
	err := db.Read(ctx, `SELECT version, importing FROM {schema}.meta m`, nil, &version, &importing)
	switch {
	case Code(err) == undefinedTable || Code(err) == undefinedSchema || errors.Is(err, ErrNoRow):
		return fmt.Errorf("%w: schema %q has no tables of sidehook; run `sidehook cluster init --apply`", ErrNoSchema, db.schema)
	case Code(err) == forbidden:
		return fmt.Errorf("%w: %w", ErrNoSchema, Explained(err))
	case err != nil:
		return Explained(err)
	case version < Version:
		return fmt.Errorf("%w: schema %q has version %d, and this sidehook needs %d; run `sidehook cluster init --apply`", ErrNoSchema, db.schema, version, Version)
	case version > Version:
		return fmt.Errorf("%w: schema %q has version %d, and this sidehook knows %d; install a newer sidehook", ErrNoSchema, db.schema, version, Version)
	case importing != "":
		return fmt.Errorf("%w: %w: schema %q; run `sidehook cluster import` again", ErrNoSchema, ErrImporting, db.schema)
	}
	return db.checkFunctions(ctx)
}

// called finds the functions that a relay calls: its role is granted these.
var called = regexp.MustCompile(`\{schema\}\.\w+\([^)]*\)`)

// checkFunctions returns which function is not there as this sidehook calls it, or may not
// be called: another sidehook of the same version may have made them.
func (db *DB) checkFunctions(ctx context.Context) error {
	var all []string
	for _, f := range called.FindAllString(grants, -1) {
		all = append(all, db.SQL(f))
	}
	var name string
	var there bool
	err := db.Read(ctx, `SELECT f, to_regprocedure(f) IS NOT NULL FROM unnest($1::text[]) f
		WHERE has_function_privilege(to_regprocedure(f), 'EXECUTE') IS NOT TRUE ORDER BY 2, 1 LIMIT 1`, []Argument{Texts(all)}, &name, &there)
	name, _, _ = strings.Cut(name, "(")
	switch {
	case errors.Is(err, ErrNoRow):
		return nil
	case err != nil:
		return Explained(err)
	case there:
		return fmt.Errorf("%w: the role may not call %s; as the owner of the schema run the SQL of `sidehook cluster init --role ROLE`", ErrNoSchema, name)
	}
	return fmt.Errorf("%w: schema %q has no %s as this sidehook calls it; run `sidehook cluster init --apply`", ErrNoSchema, db.schema, name)
}
